// The socket in a task's state folder by which a later requester reaches the host of an earlier one: `control`, packets
// of model/host_protocol.h. The first requester has a pair of sockets and needs none.
//
// Free functions; they do not block. A folder on a file system without sockets has none, which is an error of listen.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// The host's end. Not blocking; one that an earlier host left is replaced.
Result<UniqueFd> listen_for_requesters(const std::filesystem::path& state_dir);

// Whoever knocks next, when that is root or our own user; empty when there is nobody. Not blocking.
UniqueFd accept_requester(int listener);

// The requester's end. ErrorCode::kNotFound: the host is of a version without, or has ended.
struct HostLink {
  UniqueFd socket;
  pid_t listener = 0;  // the process that listens there, as the kernel says
};
Result<HostLink> connect_to_host(const std::filesystem::path& state_dir);

}  // namespace porpoise
