#include "process/socket_holders.h"

#include <dirent.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/signals.h"
#include "process/process_info.h"

namespace porpoise {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool is_lack(int reason) { return reason == EMFILE || reason == ENFILE || reason == ENOMEM; }

// True when `found` is true for an entry; what may not be read, or is gone, has none.
Result<bool> any_entry(const std::string& path,
                       const std::function<Result<bool>(int folder, const char* name)>& found) {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
  if (!folder && is_lack(errno)) return fail_errno("cannot look into " + path, errno);
  if (!folder) return false;
  while (const dirent* const entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    PORPOISE_TRY(const bool is_it, found(::dirfd(folder.get()), entry->d_name));
    if (is_it) return true;
  }
  return false;
}

// Threads may have descriptors of their own (unshare(CLONE_FILES)).
Result<bool> holds(pid_t pid, const std::string& socket) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  return any_entry(tasks, [&](int, const char* thread) {
    return any_entry(tasks + "/" + thread + "/fd", [&](int folder, const char* name) -> Result<bool> {
      std::array<char, 64> target{};
      const ssize_t length = ::readlinkat(folder, name, target.data(), target.size());
      return length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) == socket;
    });
  });
}

// Real, effective, saved and of files. The owner of the folder in /proc is root's for a process that is not dumpable.
void add_users(pid_t pid, std::set<uid_t>& users) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("Uid:")) continue;
    std::istringstream numbers(line.substr(4));
    for (uid_t uid = 0; numbers >> uid;) users.insert(uid);
    return;
  }
}

std::string name_of_socket(std::uint32_t inode) { return "socket:[" + std::to_string(inode) + "]"; }

}  // namespace

Result<ProcessTrees> trees_of(const std::vector<pid_t>& roots) {
  const std::vector<ProcessInfo> all = list_processes();
  if (std::none_of(all.begin(), all.end(), [](const ProcessInfo& one) { return one.pid == ::getpid(); }))
    return fail(ErrorCode::kIo, "cannot list the processes in /proc");
  ProcessTrees trees;
  const auto add = [&](pid_t pid) {
    trees.pids.insert(pid);
    for (const ProcessInfo& below : descendants(all, pid)) trees.pids.insert(below.pid);
  };
  for (const pid_t root : roots) {
    add(root);
    for (const ProcessInfo& one : all)
      if (one.session == root) add(one.pid);
  }
  for (const pid_t pid : trees.pids) add_users(pid, trees.users);
  return trees;
}

Result<bool> is_held_by(std::uint32_t socket_inode, const std::set<pid_t>& pids) {
  const std::string socket = name_of_socket(socket_inode);
  for (const pid_t pid : pids) {
    PORPOISE_TRY(const bool held, holds(pid, socket));
    if (held) return true;
  }
  return false;
}

Result<bool> is_held_outside(std::uint32_t socket_inode, const std::set<pid_t>& pids) {
  const std::string socket = name_of_socket(socket_inode);
  return any_entry("/proc", [&](int, const char* name) -> Result<bool> {
    pid_t pid = 0;
    const std::string_view text = name;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (problem != std::errc() || end != text.data() + text.size() || pids.contains(pid)) return false;
    return holds(pid, socket);
  });
}

bool run_with_free_descriptors(const std::function<void()>& work) {
  bool has_own_table = false;
  try {
    const BlockedSignals blocked;
    std::thread apart([&] {
      // Of a table that is only this thread's. Record locks belong to the table of the process: they stay.
      has_own_table = ::close_range(3, ~0U, CLOSE_RANGE_UNSHARE) == 0;
      if (has_own_table) work();
    });
    apart.join();
  } catch (const std::system_error&) {  // no thread is to be had
  }
  return has_own_table;
}

}  // namespace porpoise
