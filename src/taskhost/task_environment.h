// The environment that a task inherits: its worker's, as in 3.1, without what is the daemon's alone.
//
// Free functions that change that of the process; call them while it has one thread.
#pragma once

#include <string>

namespace porpoise {

// Takes out what a service manager, a preloading administrator and the worker's settings put there. Secrets are not
// among it: the worker has taken them out of its own before it starts a host (cli/worker.cc).
void forget_the_daemons();

// PORPOISE_TASK_ID, by which the task's processes are found, and what makes output come at once.
// The kernel may end a task for want of memory as it may any other program, however precious the worker is
// (oom_score_adj 0). Call it before close_to_others(). A score that cannot be lowered stays: the worker has said so.
void forget_oom_score();

void mark_as_task(const std::string& cookie);

}  // namespace porpoise
