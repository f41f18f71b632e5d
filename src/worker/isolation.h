// What keeps the tasks of this worker apart from it and from each other, as far as that is known before the first one
// comes. Free functions that look at the system; control thread, at the start.
#pragma once

#include <string>
#include <vector>

#include "config/worker_config.h"

namespace porpoise {

// What is missing on this machine or by this configuration, one line each for the log: tenants that cannot be become,
// and what tasks could do to a worker whose user they share. Empty where nothing is.
std::vector<std::string> gaps_between_tasks(const WorkerConfig& config);

}  // namespace porpoise
