// Ends groups of processes that may not want to end. Free functions without state; any thread, but see Sweep.
//
// No stranger is ever hit: a process is signalled through a pidfd after its start time was looked at again.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "process/process_info.h"

namespace porpoise {

// Lists the processes meant, anew at each call.
using FindProcesses = std::function<std::vector<ProcessInfo>()>;

// False when that process is gone, or may not be signalled.
bool signal_process(const ProcessInfo& process, int signal);

// Asks each to end: SIGTERM, then SIGCONT, as a stopped process would not see the first.
void terminate_all(const std::vector<ProcessInfo>& processes);

// One round against everything found: stop all until nobody new appears, so that nobody can fork away, then SIGKILL.
// Returns how many were found, zombies not counted; repeat until 0. `own_group` is left alone.
std::size_t kill_round(const FindProcesses& find, pid_t own_group);

}  // namespace porpoise
