// Who holds the other end of a TCP connection, where that is on this machine: NETLINK_SOCK_DIAG (sock_diag(7)).
//
// Free functions that ask the kernel; any thread. They see the sockets of this network namespace alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
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

}  // namespace porpoise
