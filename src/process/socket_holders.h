// Which processes hold a socket: what /proc/<pid>/fd shows of the tasks' processes and of all others.
//
// Free functions that read /proc, which may take a hundredth of a second; any thread, but a control
// loop's only where no other can be had.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <vector>

namespace porpoise {

// These processes, what is below them, and what is in the sessions that they lead.
struct ProcessTrees {
  std::set<pid_t> pids;
  std::set<uid_t> users;  // under whom they run
};
ProcessTrees trees_of(const std::vector<pid_t>& roots);

// Whether one of these has the socket open, in whichever of its threads. Those that may not be looked into have
// nothing.
bool is_held_by(std::uint32_t socket_inode, const std::set<pid_t>& pids);
// Whether any other process of this machine has it open.
bool is_held_outside(std::uint32_t socket_inode, const std::set<pid_t>& pids);

}  // namespace porpoise
