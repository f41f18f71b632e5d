// Whether the host of a state folder lives: it holds a lock on a file there from before its first instruction until its
// end, so that neither a reused pid nor a restart in between can deceive.
//
// Free functions on files; they block for at most kIntroduction.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

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

}  // namespace porpoise
