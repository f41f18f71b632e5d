// Which processes hold a socket: what /proc/<pid>/fd shows of the tasks' processes and of all others.
//
// Free functions that read /proc, which may take a hundredth of a second; any thread, but a control
// loop's only where no other can be had. An error, kIo, is for want of descriptors or memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "base/result.h"

namespace porpoise {

// These processes, what is below them, and what is in the sessions that they lead.
struct ProcessTrees {
  std::set<pid_t> pids;
  std::set<uid_t> users;  // under whom they run
};
Result<ProcessTrees> trees_of(const std::vector<pid_t>& roots);

// Whether one of these has the socket open, in whichever of its threads. Those that may not be looked into have
// nothing.
Result<bool> is_held_by(std::uint32_t socket_inode, const std::set<pid_t>& pids);
// Whether any other process of this machine has it open.
Result<bool> is_held_outside(std::uint32_t socket_inode, const std::set<pid_t>& pids);

// Runs `work` on a thread of its own with a table of descriptors of its own, where only 0 to 2 of this process are
// open: there are free numbers there when the process has none left. The caller waits; signals stay away. `work` opens
// and closes what it needs and uses nothing else of the process that has a descriptor. False: there is no such thread,
// and `work` has not run.
bool run_with_free_descriptors(const std::function<void()>& work);

}  // namespace porpoise
