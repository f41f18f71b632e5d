// What the system tells about the processes of this machine: one by one, and those that belong to a task.
//
// Free functions that read /proc; no state, any thread. A process may be gone by the time the answer is used, so act on
// one through process/kill_tree.h, which looks again.
#pragma once

#include <dirent.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace porpoise {

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';  // of its first thread, as in /proc/<pid>/stat: R, S, D, T, Z…
  int threads = 1;
  std::uint64_t start_ticks = 0;  // since boot; with the pid it names a process for good
  std::string name;               // at most 15 bytes

  // Waits for its parent alone. One whose first thread has ended before the others is a Z, too, and lives.
  bool ended() const { return state == 'Z' && threads <= 1; }
  bool stopped() const { return state == 'T' || state == 't'; }
};

// The content of /proc/<pid>/stat; nothing when it does not parse.
std::optional<ProcessInfo> parse_stat(std::string_view text);

std::optional<ProcessInfo> read_process(pid_t pid);
std::vector<ProcessInfo> list_processes();

// The children of all threads of `parent`, zombies included; found in some 20 us, where the kernel lists them
// (CONFIG_PROC_CHILDREN), which is faster than most can fork. Whoever is in the list from the beginning of the call to
// its end is found, and a child that comes meanwhile may be.
std::vector<pid_t> children_of(pid_t parent);

// The same where the kernel lists them; nothing where it does not, or where there is no such process.
std::optional<std::vector<pid_t>> listed_children_of(pid_t parent);

// Children, grandchildren and so on among `all`, without `root` itself.
std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& all, pid_t root);

// Whether the process was started with `entry` ("NAME=value") in its environment.
bool has_environment_entry(pid_t pid, std::string_view entry);

// The first entry that begins so; empty without one.
std::string find_environment_entry(pid_t pid, std::string_view beginning);

// Of the running kernel; empty when unknown. A pid and start time mean something within one boot only.
std::string boot_id();

// "sleep (4711), bash (4712)": at most `limit` of them, then how many more.
std::string describe(const std::vector<ProcessInfo>& processes, std::size_t limit = 10);

// A folder of /proc, to read; empty, with errno, when it cannot be read, or is gone.
std::unique_ptr<DIR, int (*)(DIR*)> open_folder(const std::string& path);

// --- Pidfds: <sys/pidfd.h> of glibc 2.36 cannot be used from C++.

// Refers to whoever has this number now, for good. Close-on-exec; empty when there is nobody.
inline UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

inline bool signal_pidfd(int fd, int signal) { return ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0; }

// --- Which processes belong to a task, found without being their parent: after the death of the task's host, and in
// the hand of a tenant.

// What all of them have in common.
struct TaskIdentity {
  pid_t host = 0;                 // leads the session
  std::uint64_t start_ticks = 0;  // of the host
  std::string environment_entry;  // the cookie: "NAME=value"
};

// Descendants of the host while it lives, members of its session, processes with the cookie, and the descendants of all
// of these, but not the host itself, nor anybody who has got its number since. The cookie is seen only in processes of
// our own user. What has cleared its environment, left the session and lost its host is not found.
std::vector<ProcessInfo> task_processes(const TaskIdentity& mark);

}  // namespace porpoise
