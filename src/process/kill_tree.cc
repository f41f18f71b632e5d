#include "process/kill_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <sstream>
#include <unordered_set>
#include <utility>

#include "base/descriptor.h"
#include "base/file.h"
#include "process/process_info.h"

namespace porpoise {
namespace {

// How often a round looks for newcomers before it kills what it has: a fork bomb makes them as fast as we stop them,
// and killing is progress too.
constexpr int kFreezePasses = 8;

// Stops everybody found until a pass meets nobody new; returns the last listing.
std::vector<ProcessInfo> freeze(const FindProcesses& find) {
  std::unordered_set<pid_t> stopped;
  std::vector<ProcessInfo> found;
  for (int pass = 0; pass < kFreezePasses; ++pass) {
    found = find();
    bool news = false;
    for (const ProcessInfo& process : found) {
      if (process.ended() || !stopped.insert(process.pid).second) continue;
      news = true;
      signal_process(process, SIGSTOP);
    }
    if (!news) break;
  }
  return found;
}

}  // namespace

bool signal_process(const ProcessInfo& process, int signal) {
  const UniqueFd fd = open_pidfd(process.pid);
  if (!fd) return false;
  // The pidfd pins whoever has the number now; only then is it worth asking whether that is still the same process.
  const auto now = read_process(process.pid);
  if (!now || now->start_ticks != process.start_ticks) return false;
  return signal_pidfd(fd.get(), signal);
}

void terminate_all(const std::vector<ProcessInfo>& processes) {
  for (const ProcessInfo& process : processes) {
    signal_process(process, SIGTERM);
    signal_process(process, SIGCONT);
  }
}

std::size_t kill_round(const FindProcesses& find, pid_t own_group) {
  std::size_t alive = 0;
  std::unordered_set<pid_t> groups{0, 1, own_group};
  for (const ProcessInfo& process : freeze(find)) {
    if (!process.ended()) ++alive;
    // The kernel signals a group in one go, forks in progress included: that beats processes which fork and exit faster
    // than /proc can be read. The number is still theirs, as a member was alive just now.
    if (signal_process(process, SIGKILL) && groups.insert(process.group).second) ::kill(-process.group, SIGKILL);
  }
  return alive;
}

std::size_t kill_descendants(pid_t parent) {
  std::size_t killed = 0;
  std::vector<std::pair<pid_t, pid_t>> waiting;  // a process, and whose child it was
  for (const pid_t child : children_of(parent)) waiting.emplace_back(child, parent);
  while (!waiting.empty()) {
    const auto [pid, its_parent] = waiting.back();
    waiting.pop_back();
    const UniqueFd fd = open_pidfd(pid);
    const auto process = fd ? read_process(pid) : std::nullopt;
    // An orphan has come to `parent`; any other parent means that the number is another's by now.
    if (!process || (process->parent != its_parent && process->parent != parent)) continue;
    if (signal_pidfd(fd.get(), SIGKILL) && !process->ended()) ++killed;
    for (const pid_t child : listed_children_of(pid).value_or(std::vector<pid_t>())) waiting.emplace_back(child, pid);
  }
  return killed;
}

namespace {

constexpr std::size_t kMaxFileBytes = 64U << 10U;
constexpr std::size_t kMaxListBytes = 64U << 20U;  // more than a machine has processes

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

// Paths for a child of this process's cgroup, where that is ours to divide.
std::vector<std::string> places_for(std::string_view name) {
  std::vector<std::string> places;
  const std::string own = own_path();
  if (own.empty()) return places;
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"})  // v2 alone, and beside v1
    if (is_delegated(mount + own)) places.push_back(mount + own + "/" + std::string(name));
  return places;
}

}  // namespace

std::optional<Cgroup> Cgroup::make(std::string_view name) {
  for (std::string& path : places_for(name))
    if (::mkdir(path.c_str(), 0755) == 0) return Cgroup(std::move(path));
  return std::nullopt;
}

std::optional<Cgroup> Cgroup::find(std::string_view name) {
  for (std::string& path : places_for(name))
    if (::access((path + "/cgroup.kill").c_str(), F_OK) == 0) return Cgroup(std::move(path));
  return std::nullopt;
}

Cgroup::Cgroup(Cgroup&& other) noexcept : path_(std::exchange(other.path_, {})) {}

Cgroup::~Cgroup() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

bool Cgroup::enter() const { return write_to(path_ + "/cgroup.procs", "0"); }
bool Cgroup::kill_all() const { return write_to(path_ + "/cgroup.kill", "1"); }

std::vector<ProcessInfo> Cgroup::members() const {
  std::vector<ProcessInfo> found;
  std::istringstream pids(read_file(path_ + "/cgroup.procs", kMaxListBytes).value_or(""));
  for (pid_t pid = 0; pids >> pid;)
    if (auto process = read_process(pid)) found.push_back(*std::move(process));
  return found;
}

}  // namespace porpoise
