// Whether the host of a state folder lives: it holds a lock on a file there from before its first instruction until its
// end, so that neither a reused pid nor a restart in between can deceive.
//
// Free functions on files; they block for at most kIntroduction.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace porpoise {

// Takes the lock for a host about to be started: pass the descriptor on and close it here.
Result<UniqueFd> lock_host(const std::filesystem::path& state_dir);

bool host_lives(const std::filesystem::path& state_dir);

// From host.json, which a host that has only just begun writes soon.
Result<pid_t> read_host_pid(const std::filesystem::path& state_dir);

}  // namespace porpoise
