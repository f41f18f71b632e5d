// Starts the task host of one task, which is all that takes long about it: files, a process, its exec.
//
// Any thread; it blocks. A host that nobody follows (TaskProcess::follow) works on, unless it is to die with its
// requester.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "base/blocking_calls.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "model/request.h"

namespace porpoise {

struct HostSettings {
  std::filesystem::path host_binary;
  // The task ends when the requester does. Without it the host works on and leaves `result.json`.
  bool die_with_requester = true;
  bool follow = false;  // on_line is called with the last line of output, at most five times per second
  // Where TaskProcess answers for a host that died, which may take long. None: on its own thread, which waits.
  BlockingCalls* beside = nullptr;
};

struct LaunchedHost {
  pid_t pid = 0;
  UniqueFd control;  // packets from and to it
  UniqueFd pid_fd;
  UniqueFd errors;  // what the host itself prints: nothing, unless it is broken
  std::uint64_t start_ticks = 0;
};

// Writes `state_dir`/request.json and starts the host. Makes this process the reaper of what a dying host would leave
// behind (PR_SET_CHILD_SUBREAPER).
Result<LaunchedHost> launch_host(const HostSettings& settings, const TaskRequest& request,
                                 const std::filesystem::path& state_dir);

}  // namespace porpoise
