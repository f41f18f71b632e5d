// What can be known to be wrong before anything runs: task types without a plugin, parameters that do not fit,
// resources that are not there, tasks a local run refuses. Reads no file but to see whether a resource is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin/catalog.h"
#include "workflow/workflow.h"

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

// One line per problem, with position and JSON pointer in `text`, the file that was imported. `find_resource`: what
// will keep the resource of that full name from being fetched; empty: nothing is fetched.
using FindResource = std::function<Status(const std::string& full_name)>;
Status check_before_run(std::string_view text, const RunPlan& plan, const Catalog& catalog,
                        const FindResource& find_resource = {});

// What a replay of a workflow would do, without doing it: the order of the tasks, what runs each, and the features of
// DolphinScheduler it uses with what a local run makes of them. Pure.
std::string list_workflow(const Workflow& workflow, const Catalog& catalog, std::size_t width, bool colors);

}  // namespace porpoise
