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

// Whether the run does anything for a task it comes to: not with flag NO, --skip or --assume.
bool runs(const TaskDefinition& task);

// The workflows the run may come to, the root first, each with the tasks that run in it: a SUB_PROCESS leads to another
// definition.
std::vector<Workflow> reachable(const RunPlan& plan);

// One sentence that names all resources known by an id only and the tasks that want them; empty when there are none.
std::string unnamed_resources(const std::vector<Workflow>& workflows);

// Task types among `workflows` that a plugin runs.
std::set<std::string> plugin_types(const std::vector<Workflow>& workflows);

// One line per problem, with position and JSON pointer in `text`, the file that was imported. `find_resource`: what
// will keep the resource of that full name from being fetched; empty: nothing is fetched.
using FindResource = std::function<Status(const std::string& full_name)>;
Status check_before_run(std::string_view text, const RunPlan& plan, const Catalog& catalog,
                        const FindResource& find_resource = {});

// What a replay of a workflow would do, without doing it: the order of the tasks it would come to, what runs each, the
// features of DolphinScheduler it uses with what a local run makes of them, and what the run would refuse.
struct ListedTask {
  std::string name;
  std::string type;
  std::size_t stage = 1;  // tasks of one stage may run at the same time
  std::string run_by;     // file of the plugin, "replay", "nothing" (flag NO), "left out", "assumed", "refused", "no plugin"
  std::vector<std::string> after;
  std::vector<std::string> remarks;
  bool refused = false;
};
struct Listing {
  std::string workflow;
  std::vector<ListedTask> tasks;
  std::string refusal;  // as of check_before_run; empty: it would run
};
Listing list_workflow(std::string_view text, const RunPlan& plan, const Catalog& catalog,
                      const FindResource& find_resource);
std::string to_text(const Listing& listing, std::size_t width, bool colors);
OrderedJson to_json(const Listing& listing);

}  // namespace porpoise
