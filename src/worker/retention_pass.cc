#include "worker/retention_pass.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "store/task_store.h"
#include "taskdir/work_directory.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFreshMs = 3'600'000;  // a task that has just ended, or that somebody looks at
constexpr std::size_t kMaxLogs = 1'000'000;   // of one pass; the oldest days come first
constexpr std::size_t kLogsATurn = 200;
constexpr std::size_t kMaxFolders = 100'000;  // looked at in one pass

// No link is followed to it.
Entries open_real_folder(const fs::path& path) {
  return entries_of(UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)).get());
}

// The real folders in it, by name.
std::vector<std::string> folders_in(const fs::path& path) {
  std::vector<std::string> names;
  const Entries folder = open_real_folder(path);
  if (!folder) return names;
  while (const dirent* const entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    struct stat found {};
    if (name == "." || name == ".." || ::fstatat(::dirfd(folder.get()), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISDIR(found.st_mode)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_day(const std::string& name) {
  return name.size() == 8 && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t to_ms(const timespec& time) { return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000; }

}  // namespace

std::vector<std::string> logs_to_remove(std::vector<KeptLog> logs, const RetentionRules& rules, const TaskIds& in_use,
                                        std::int64_t now_ms) {
  std::sort(logs.begin(), logs.end(),
            [](const KeptLog& left, const KeptLog& right) { return left.modified_ms < right.modified_ms; });
  std::uint64_t total = 0;
  for (const KeptLog& log : logs) total += log.bytes;
  std::vector<std::string> chosen;
  for (const KeptLog& log : logs) {
    const std::int64_t age = now_ms - log.modified_ms;
    if (age < kFreshMs || in_use.contains(log.task_instance_id)) continue;
    const bool is_old = rules.max_age.count() > 0 && age > rules.max_age.count();
    const bool is_too_much = rules.max_total_bytes > 0 && total > rules.max_total_bytes;
    if (!is_old && !is_too_much) continue;
    total -= log.bytes;
    chosen.push_back(log.name);
  }
  return chosen;
}

void Removed::add(const Removed& more) {
  logs += more.logs;
  log_bytes += more.log_bytes;
  folders += more.folders;
  refused += more.refused;
  if (!more.problem.empty()) problem = more.problem;
}

RetentionPass::RetentionPass(Places places, RetentionRules rules, std::int64_t now_ms)
    : places_(std::move(places)), rules_(rules), now_ms_(now_ms) {}

Result<bool> RetentionPass::turn(const TaskIds& in_use) {
  switch (phase_) {
    case Phase::kBegin:
      PORPOISE_TRY_VOID(read_days());
      phase_ = Phase::kReading;
      break;
    case Phase::kReading:
      if (days_.empty() || logs_.size() >= kMaxLogs) {
        phase_ = Phase::kChoosing;
      } else {
        read_day(days_.back());
        days_.pop_back();
      }
      break;
    case Phase::kChoosing:
      chosen_ = logs_to_remove(std::exchange(logs_, {}), rules_, in_use, now_ms_);
      std::reverse(chosen_.begin(), chosen_.end());
      phase_ = Phase::kRemoving;
      break;
    case Phase::kRemoving:
      PORPOISE_TRY_VOID(remove_some(in_use));
      if (chosen_.empty()) phase_ = rules_.max_age.count() > 0 ? Phase::kFolders : Phase::kDone;
      break;
    case Phase::kFolders:
      remove_broken();
      remove_work_directories(in_use);
      phase_ = Phase::kDone;
      break;
    case Phase::kDone: break;
  }
  return phase_ == Phase::kDone;
}

// Those of the oldest days are at the end.
Status RetentionPass::read_days() {
  std::error_code problem;
  const fs::path folder = fs::canonical(places_.log_dir, problem);  // the folder itself may be a link
  if (problem) return fail_errno("cannot read " + places_.log_dir.string(), problem.value());
  for (const std::string& name : folders_in(folder))
    if (is_day(name)) days_.push_back(name);
  std::reverse(days_.begin(), days_.end());
  return {};
}

void RetentionPass::read_day(const std::string& day) {
  const Entries folder = open_real_folder(places_.log_dir / day);
  if (!folder) return;
  while (const dirent* const entry = ::readdir(folder.get())) {
    const auto id = task_instance_of(entry->d_name);
    struct stat found {};
    if (!id || ::fstatat(::dirfd(folder.get()), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(found.st_mode))
      logs_.push_back(
          {day + "/" + entry->d_name, *id, static_cast<std::uint64_t>(found.st_size), to_ms(found.st_mtim)});
  }
}

// By the rules for peers who remove a log: no link leads anywhere, and what is no task log stays.
Status RetentionPass::remove_some(const TaskIds& in_use) {
  if (chosen_.empty()) return {};
  PORPOISE_TRY(LogRoot root, LogRoot::open(places_.log_dir));
  for (std::size_t count = 0; count < kLogsATurn && !chosen_.empty(); ++count) {
    const std::string path = (places_.log_dir / chosen_.back()).string();
    chosen_.pop_back();
    if (in_use.contains(task_instance_of(path).value_or(0))) continue;  // since it was chosen
    struct stat found {};
    const bool is_there = ::lstat(path.c_str(), &found) == 0;
    if (!is_there || now_ms_ - to_ms(found.st_mtim) < kFreshMs) continue;
    if (const Status gone = root.remove_log(path); gone) {
      ++removed_.logs;
      removed_.log_bytes += static_cast<std::uint64_t>(found.st_size);
    } else {
      ++removed_.refused;
      removed_.problem = gone.error().to_string();
    }
  }
  return {};
}

// By when it was last renamed or changed.
bool RetentionPass::is_old(const fs::path& folder) const {
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return false;
  const std::int64_t age = now_ms_ - std::max(to_ms(found.st_ctim), to_ms(found.st_mtim));
  return age > std::max(kFreshMs, std::int64_t{rules_.max_age.count()});
}

void RetentionPass::remove_folder(const fs::path& folder) {
  const UniqueFd parent(::open(folder.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const Status gone = parent ? remove_tree(parent.get(), folder.filename().string())
                             : Status(fail_errno("cannot open " + folder.parent_path().string(), errno));
  if (gone) {
    ++removed_.folders;
  } else {
    ++removed_.refused;
    removed_.problem = gone.error().to_string();
  }
}

// State that TaskStore put aside.
void RetentionPass::remove_broken() {
  for (const std::string& name : folders_in(places_.state_root))
    if (name.ends_with(".broken") && is_old(places_.state_root / name)) remove_folder(places_.state_root / name);
}

// <tenant>/<project>/<code>_<version>/<workflow instance>/<task instance>, as far as they are kept (keep-work-dirs).
// Folders above that become empty go, too: a task that needs one makes it.
void RetentionPass::remove_work_directories(const TaskIds& in_use) {
  constexpr int kDepth = 5;
  std::vector<fs::path> level{places_.execute_root};
  std::vector<std::vector<fs::path>> above;
  for (int depth = 0; depth < kDepth && level.size() < kMaxFolders; ++depth) {
    std::vector<fs::path> below;
    for (const fs::path& folder : level)
      for (const std::string& name : folders_in(folder)) below.push_back(folder / name);
    above.push_back(std::exchange(level, std::move(below)));
  }
  if (above.size() < kDepth) return;
  for (const fs::path& folder : level) {
    const std::int64_t id = task_id_of(folder);
    if (id == 0 || in_use.contains(id) || !is_old(folder)) continue;
    remove_folder(folder);
    std::error_code in_the_way;  // not empty
    fs::path parent = folder.parent_path();
    for (int depth = 1; depth < kDepth && fs::remove(parent, in_the_way); ++depth) parent = parent.parent_path();
  }
}

}  // namespace porpoise
