// Ends groups of processes that may not want to end: by signals, and by a cgroup where the task has one.
//
// Functions without state, and a Cgroup with one owner; any thread, one at a time for the same processes.
// No stranger is ever hit: a process is signalled through a pidfd after its start time was looked at again.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "process/process_info.h"

namespace porpoise {

// Lists the processes meant, anew at each call.
using FindProcesses = std::function<std::vector<ProcessInfo>()>;

// False when that process is gone, or may not be signalled.
bool signal_process(const ProcessInfo& process, int signal);

// Asks each to end: SIGTERM, then SIGCONT, as a stopped process would not see the first.
void terminate_all(const std::vector<ProcessInfo>& processes);

// One round against everything found: stop all until nobody new appears, so that nobody can fork away, then SIGKILL.
// Returns how many were found, zombies not counted; repeat until 0. `own_group` is left alone.
std::size_t kill_round(const FindProcesses& find, pid_t own_group);

// SIGKILL to the children of `parent`, and to theirs as fast as the kernel lists them: each process is killed before
// its children are looked for, so this runs down a chain in which each makes the next one and ends. Returns how many
// lived and got it: neither zombies nor those that may not be signalled.
std::size_t kill_descendants(pid_t parent);

// A cgroup v2 of a task's own: the one way to end processes that no trick gets around (`cgroup.kill`).
//
// Only where this process's own cgroup was delegated to us (systemd: Delegate=yes); anywhere else the groups belong to
// another program, and kill_round has to do. One owner; removes the group in the end, which works once it is empty.
class Cgroup {
 public:
  // A child of this process's cgroup, or nothing where that is not ours to divide.
  static std::optional<Cgroup> make(std::string_view name);
  // The one that another process has made there and did not live to remove.
  static std::optional<Cgroup> find(std::string_view name);

  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&&) = delete;
  ~Cgroup();

  const std::string& path() const { return path_; }
  bool enter() const;     // moves the calling process in; its later children are born there
  bool kill_all() const;  // SIGKILL to everything in it, forks in progress included
  std::vector<ProcessInfo> members() const;

 private:
  explicit Cgroup(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: moved from
};

}  // namespace porpoise
