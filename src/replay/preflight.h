// What can be known to be wrong before anything runs: task types without a plugin, parameters that do not fit, tasks a
// local run refuses. Pure, but for the catalog's files having been read before.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin/catalog.h"
#include "replay/workflow.h"

namespace porpoise {

// One run of one file.
struct RunPlan {
  const std::vector<Workflow>& workflows;      // of the file, in its order
  const Workflow& root;                        // one of them
  std::optional<std::set<std::int64_t>> only;  // tasks of the root; nothing: all
};

// The workflows the run may come to, the root first, each with the tasks that it may come to: a SUB_PROCESS leads to
// another definition, a task with flag NO to nothing.
std::vector<Workflow> reachable(const RunPlan& plan);

// Task types among `workflows` that a plugin runs.
std::set<std::string> plugin_types(const std::vector<Workflow>& workflows);

// One line per problem, with position and JSON pointer in `text`, the file that was imported.
Status check_before_run(std::string_view text, const RunPlan& plan, const Catalog& catalog);

}  // namespace porpoise
