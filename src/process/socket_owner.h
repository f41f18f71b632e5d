// Who holds a socket of this machine: whose it is, as the kernel tells it (NETLINK_SOCK_DIAG, sock_diag(7)), and which
// processes have it open, as /proc/<pid>/fd shows it.
//
// Free functions; any thread. The kernel answers at once, of the sockets of this network namespace alone. Reading /proc
// may take a hundredth of a second: on a control loop's thread only where no other can be had.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "base/network_address.h"
#include "base/result.h"

namespace porpoise {

struct SocketOwner {
  uid_t uid = 0;            // of whoever made it
  std::uint32_t inode = 0;  // as in /proc/<pid>/fd: "socket:[inode]"; 0: every process has closed it
};

// The owner of the connected socket that is bound to `own` and connected to `other`; nothing when there is none like it
// here. kUnavailable: this kernel or sandbox does not tell; kIo: it could not be asked, as something lacks.
Result<std::optional<SocketOwner>> socket_owner(const SocketEnd& own, const SocketEnd& other);

// The owners of the sockets that listen on this port, at this address or at any.
Result<std::vector<SocketOwner>> listener_owners(const SocketEnd& end);

// What an errno of SOCK_DIAG means: kUnavailable for what a kernel or sandbox without it gives; kIo for all else, which
// says nothing about this kernel: there is no descriptor or memory left, or no answer within two seconds (EAGAIN).
Error error_of_socket_diag(int reason);

// --- Which processes hold it. An error, kIo, is for want of descriptors or memory.

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
