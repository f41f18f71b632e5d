// The task host: one process for one task, from its request to its result.
#pragma once

#include "taskhost/supervisor.h"

namespace porpoise {

// Does the task in `state_dir`/request.json and leaves `state_dir`/result.json. Returns the exit status of the process:
// 0 when there is a result, whatever it says. Call it on the only thread of a process of its own.
int run_host(const HostOptions& options);

}  // namespace porpoise
