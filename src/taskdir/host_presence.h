// How a task host shows in its state folder that it lives, who it is and where it is reached: `host.lock`, `host.json`
// and `control`. By these a later requester finds the host of an earlier one.
//
// Free functions on files and sockets; any thread. They block for at most kIntroduction, and only where they wait.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// --- The lock, which the host holds from before its first instruction until its end, so that neither a reused pid nor
// a restart in between can deceive.

// Takes the lock for a host about to be started: pass the descriptor on and close it here.
Result<UniqueFd> lock_host(const std::filesystem::path& state_dir);

bool host_lives(const std::filesystem::path& state_dir);

// Who it is, as it says in host.json.
struct HostIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string boot_id;
};
Result<HostIdentity> read_host_identity(const std::filesystem::path& state_dir);
// The same of a host that lives, and may have only just begun: it writes host.json soon. One whose host.json is damaged
// or gone is found by the socket at which it listens, or by the lock that it holds.
Result<HostIdentity> wait_for_host_identity(const std::filesystem::path& state_dir);

// --- The socket `control`: packets of model/host_protocol.h. The first requester has a pair of sockets and needs none.
// A folder on a file system without sockets has none, which is an error of listen. Nothing here blocks.

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
