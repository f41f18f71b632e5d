#include "process/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <utility>

#include "base/descriptor.h"
#include "base/file.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxFileBytes = 64U << 10U;

bool write_to(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// The path in "0::/path", the line of cgroup v2; empty without one and for the root, which nobody delegates.
std::string own_path() {
  const std::string text = read_file("/proc/self/cgroup", kMaxFileBytes).value_or("");
  const std::size_t line = text.starts_with("0::") ? 0 : text.find("\n0::");
  if (line == std::string::npos) return "";
  const std::size_t begin = text.find("::", line) + 2;
  std::string path = text.substr(begin, text.find('\n', begin) - begin);
  return path == "/" ? "" : path;
}

bool says_delegated(const std::string& folder, const char* attribute) {
  char value[8] = {};
  return ::getxattr(folder.c_str(), attribute, value, sizeof value) == 1 && value[0] == '1';
}

bool is_delegated(const std::string& folder) {
  struct stat info {};
  if (::stat((folder + "/cgroup.kill").c_str(), &info) != 0) return false;
  if (says_delegated(folder, "user.delegate") || says_delegated(folder, "trusted.delegate")) return true;
  return ::stat(folder.c_str(), &info) == 0 && info.st_uid != 0 && info.st_uid == ::geteuid();
}

}  // namespace

std::optional<Cgroup> Cgroup::make(std::string_view name) {
  const std::string own = own_path();
  if (own.empty()) return std::nullopt;
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {  // v2 alone, and beside v1
    const std::string folder = mount + own;
    if (!is_delegated(folder)) continue;
    std::string path = folder + "/" + std::string(name);
    if (::mkdir(path.c_str(), 0755) == 0) return Cgroup(std::move(path));
  }
  return std::nullopt;
}

Cgroup::Cgroup(Cgroup&& other) noexcept : path_(std::exchange(other.path_, {})) {}

Cgroup::~Cgroup() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

bool Cgroup::enter() const { return write_to(path_ + "/cgroup.procs", "0"); }
bool Cgroup::kill_all() const { return write_to(path_ + "/cgroup.kill", "1"); }

}  // namespace porpoise
