// The result of a run as JSON, for tests and scripts: workflow, state, and of every task that had an instance its state
// and varPool. Pure.
#pragma once

#include "base/json.h"
#include "progress/run_report.h"

namespace porpoise {

// {"workflow":…,"state":"SUCCESS","tasks":{"a":{"state":"SUCCESS","varPool":[…]}}}
OrderedJson to_summary(const RunReport& report);

}  // namespace porpoise
