// The environment that a task inherits: its worker's, as in 3.1, without what is the daemon's alone.
//
// Free functions that change that of the process; call them while it has one thread.
#pragma once

#include <string>

namespace porpoise {

// Takes out what a service manager, a preloading administrator and the worker's settings put there. Secrets are not
// among it: the worker has taken them out of its own before it starts a host (cli/worker_environment.h).
void forget_the_daemons();

// PORPOISE_TASK_ID, by which the task's processes are found, and what makes output come at once.
void mark_as_task(const std::string& cookie);

}  // namespace porpoise
