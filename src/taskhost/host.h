// The task host: one process for one task, from its request to its result.
#pragma once

#include "taskhost/supervisor.h"

namespace porpoise {

// How a task host ends that could not leave a result, as env and timeout do.
inline constexpr int kHostFailed = 125;

// Does the task in `state_dir`/request.json and leaves `state_dir`/result.json. Returns the exit status of the process:
// the task's exit code, or kHostFailed, with the reason on standard error. Call it on the only thread of a process of
// its own.
int run_host(const HostOptions& options);

}  // namespace porpoise
