#include "process/confinement.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "base/descriptor.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

// Of <linux/landlock.h>, which is older than some of these where porpoise is built.
constexpr std::uint64_t kWriteFile = 1U << 1U;
constexpr std::uint64_t kReadFile = 1U << 2U;
constexpr std::uint64_t kRemoveAndMake = 0x1FF0;  // REMOVE_DIR, REMOVE_FILE, MAKE_CHAR … MAKE_SYM
constexpr std::uint64_t kRefer = 1U << 13U;
constexpr std::uint64_t kTruncate = 1U << 14U;
constexpr std::uint64_t kScopeSignal = 1U << 1U;
struct RulesetAttributes {
  std::uint64_t handled_files = 0;
  std::uint64_t handled_net = 0;
  std::uint64_t scoped = 0;
};
struct __attribute__((packed)) PathRule {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};
constexpr unsigned kAskVersion = 1;
constexpr int kRulePathBeneath = 1;
constexpr int kFirstWithMoves = 2;     // ABI
constexpr int kFirstWithTruncate = 3;  // ABI
constexpr int kFirstWithSignals = 6;   // ABI

// 0: there is none.
int landlock_abi() {
  const auto abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

std::vector<fs::path> real_paths(const std::vector<fs::path>& paths) {
  std::vector<fs::path> found;
  for (const fs::path& path : paths) {
    std::error_code problem;
    fs::path real = fs::canonical(path, problem);
    if (!problem) found.push_back(std::move(real));
  }
  return found;
}

// The rules of one process, while they are made.
class Ruleset {
 public:
  static Result<Ruleset> make(int abi, const std::vector<fs::path>& hidden) {
    Ruleset made;
    for (const fs::path& path : hidden) {
      made.hidden_.insert(path);
      for (fs::path above = path; above.has_relative_path(); above = above.parent_path())
        made.names_.emplace(above.parent_path(), above.filename());
    }
    made.on_files_ = kWriteFile | kReadFile | (abi >= kFirstWithTruncate ? kTruncate : 0);
    made.on_folders_ = made.on_files_ | kRemoveAndMake | kRefer;
    const RulesetAttributes attributes{made.on_folders_, 0, abi >= kFirstWithSignals ? kScopeSignal : 0};
    made.fd_.reset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!made.fd_) return fail_errno("cannot make a Landlock ruleset", errno);
    return made;
  }

  // All that is below `folder`, an open one, except what is hidden. `path` ends with a slash.
  Status allow_around_hidden(int folder, const std::string& path) {
    const Entries entries = entries_of(folder);
    if (!entries) {
      const int problem = errno;
      if (problem != EACCES) return fail_errno("cannot read " + path, problem);
      return follow_hidden(folder, path);
    }
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != ".." && entry->d_type != DT_LNK) PORPOISE_TRY_VOID(allow_entry(folder, name, path));
    }
    return {};
  }

  // What does not exist is left out.
  Status allow(const fs::path& path, bool writing) {
    const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    return fd ? add(fd.get(), path, writing) : Status();
  }

  Status enforce() const {
    if (::syscall(SYS_landlock_restrict_self, fd_.get(), 0) == 0) return {};
    return fail_errno("cannot confine a process with Landlock", errno);
  }

 private:
  Status allow_entry(int folder, const std::string& name, const std::string& path) {
    const std::string whole = path + name;
    if (hidden_.contains(whole)) return {};
    const UniqueFd fd(::openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return {};  // gone meanwhile
    return names_.contains(whole) ? allow_around_hidden(fd.get(), whole + "/") : add(fd.get(), whole, true);
  }

  // In a folder that may be passed but not listed, which has nothing for the process except what it knows by name.
  Status follow_hidden(int folder, const std::string& path) {
    const auto [begin, end] = names_.equal_range(path.substr(0, path.size() - 1));
    for (auto at = begin; at != end; ++at) PORPOISE_TRY_VOID(allow_entry(folder, at->second, path));
    return {};
  }

  Status add(int fd, const std::string& path, bool writing) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return fail_errno("cannot look at " + path, errno);
    PathRule rule;
    rule.parent = fd;
    rule.allowed = S_ISDIR(info.st_mode) ? on_folders_ : on_files_;
    if (!writing) rule.allowed &= kReadFile;
    if (::syscall(SYS_landlock_add_rule, fd_.get(), kRulePathBeneath, &rule, 0) == 0) return {};
    // The kernel has objects of its own that have no place in a tree: nothing asks whether they may be opened.
    if (errno == EBADFD) return {};
    return fail_errno("cannot allow " + path + " with Landlock", errno);
  }

  std::unordered_set<std::string> hidden_;
  std::unordered_multimap<std::string, std::string> names_;  // in a folder above a hidden path: what leads there
  std::uint64_t on_files_ = 0;
  std::uint64_t on_folders_ = 0;
  UniqueFd fd_;
};

}  // namespace

void close_to_others() { ::prctl(PR_SET_DUMPABLE, 0); }

ConfinementLevel confinement_level() {
  const int abi = landlock_abi();
  return {abi >= kFirstWithMoves, abi >= kFirstWithSignals};
}

Status confine(const Confinement& confinement) {
  const int abi = landlock_abi();
  if (abi < kFirstWithMoves) return fail(ErrorCode::kUnavailable, "this kernel has no Landlock of Linux 5.19 or later");
  PORPOISE_TRY(Ruleset rules, Ruleset::make(abi, real_paths(confinement.hidden)));
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail_errno("cannot open /", errno);
  PORPOISE_TRY_VOID(rules.allow_around_hidden(root.get(), "/"));
  for (const fs::path& path : confinement.writable) PORPOISE_TRY_VOID(rules.allow(path, true));
  for (const fs::path& path : confinement.readable) PORPOISE_TRY_VOID(rules.allow(path, false));
  return rules.enforce();
}

}  // namespace porpoise
