// A workflow definition of DolphinScheduler 3.1 as replay uses it: plain values, which import.h makes and mends.
//
// Pure and copyable; any thread. An imported Workflow is sound: codes and names are unique, edges join known tasks, and
// there is no cycle.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/parameter_resolution.h"
#include "model/property.h"
#include "model/request.h"

namespace porpoise {

enum class FailureStrategy { kEnd, kContinue };
enum class TimeoutStrategy { kWarn, kFailed, kWarnFailed };

std::string_view to_string(FailureStrategy strategy);  // "END", "CONTINUE"

// The types that a 3.1 master evaluates itself; all others are run by plugins.
inline constexpr std::string_view kSwitch = "SWITCH";
inline constexpr std::string_view kConditions = "CONDITIONS";
inline constexpr std::string_view kSubProcess = "SUB_PROCESS";
inline constexpr std::string_view kDependent = "DEPENDENT";
inline constexpr std::string_view kBlocking = "BLOCKING";

inline constexpr std::size_t kMaxWorkflows = 1000;  // of one file

struct TaskDefinition {
  std::int64_t code = 0;
  std::int64_t version = 1;
  std::string name;
  std::string type;  // upper case, as 3.1 `WorkflowExecuteRunnable` makes it
  Json params = Json::object();
  std::string params_text;  // `params` as compact JSON: what a task request carries
  PropertyList local_params;
  bool enabled = true;  // flag YES
  int priority = 2;     // 0 HIGHEST … 4 LOWEST
  int retry_times = 0;
  std::chrono::minutes retry_interval{1};
  std::chrono::minutes timeout{0};
  bool timeout_open = false;
  TimeoutStrategy timeout_strategy = TimeoutStrategy::kWarn;
  std::chrono::minutes delay{0};
  std::string worker_group = "default";
  std::int64_t environment_code = -1;      // -1: none
  int memory_max = -1;                     // MB, -1: no limit
  int cpu_quota = -1;                      // percent, -1: no limit
  bool stream = false;                     // taskExecuteType STREAM
  std::vector<std::string> resources;      // full names of resourceList, or URLs of 3.2 and later
  std::vector<std::int64_t> resource_ids;  // of those that have no name, see name_resources
  // What `porpoise replay` was told to do with the task in place of running it.
  bool left_out = false;                // --skip
  std::optional<PropertyList> assumed;  // --assume: it is SUCCESS at once, and these are its outputs
};

struct Edge {
  std::int64_t pre = 0;
  std::int64_t post = 0;

  friend bool operator==(const Edge&, const Edge&) = default;
};

struct Workflow {
  std::int64_t code = 0;
  std::int64_t project_code = 0;
  std::int64_t version = 1;
  std::string name;
  PropertyList global_params;
  std::vector<TaskDefinition> tasks;  // in the order of the file
  std::vector<Edge> edges;            // between tasks; the file's root edges are left out
  std::chrono::minutes timeout{0};
  std::optional<FailureStrategy> schedule_failure_strategy;

  const TaskDefinition* find(std::int64_t task_code) const;  // nullptr when there is none
  const TaskDefinition* find(std::string_view task_name) const;
  // The name, or the code in digits when no task has it.
  std::string name_of(std::int64_t task_code) const;
  std::vector<std::int64_t> upstream(std::int64_t task_code) const;    // direct ones, in the order of `tasks`
  std::vector<std::int64_t> downstream(std::int64_t task_code) const;  // direct ones, in the order of `tasks`
  // The task and everything reachable from it, in the order of `tasks` (3.1 `TaskDependType.TASK_POST`).
  std::vector<std::int64_t> from(std::int64_t task_code) const;
};

// Replaces the parameters of a task and their text.
void set_params(TaskDefinition& task, Json params);

// Resources that the editor of 3.1 wrote by their ids only: gives those of `names` their full names, in all workflows,
// and returns the ids of `names` that no task has.
std::vector<std::int64_t> name_resources(std::vector<Workflow>& workflows,
                                         const std::map<std::int64_t, std::string>& names);

// A type and the name of the first task that has it: each type once, in the order of the tasks.
struct UsedType {
  std::string type;
  std::string task;
};
std::vector<UsedType> used_types(const std::vector<Workflow>& workflows);

// The tasks that a local run refuses: DEPENDENT, BLOCKING, streams, and a SUB_PROCESS whose definition is not in the
// same file or that leads back to itself. The sentence says what it is, and the way round it.
struct UnsupportedTask {
  std::int64_t workflow = 0;
  std::int64_t task = 0;
  std::string sentence;
};
std::vector<UnsupportedTask> unsupported(const std::vector<Workflow>& workflows);

// "; leave it out with --skip 'NAME', or take it as done with --assume 'NAME'": the way round a task that cannot run
// here.
std::string ways_round(const std::string& task_name);

// The workflow a SUB_PROCESS task runs; nullptr when it is not among `workflows`.
const Workflow* sub_workflow(const std::vector<Workflow>& workflows, const TaskDefinition& task);

// Parameters of a workflow run: what its globals are, what a task of it receives, and what goes into and comes out of a
// SUB_PROCESS. Pure; any thread. The rules for one value are in model/parameter_resolution.h.

// --set options, each 'name=value'; the last one of a name counts. The value may be empty and may contain '='.
Result<ParameterValues> parse_overrides(const std::vector<std::string>& options);

struct RunParameters {
  PropertyList globals;  // resolved once, at the start of the run
  ExpandTime time;
};

// `overrides` replace global parameters by name; unknown names are added (3.1 start parameters).
Result<RunParameters> run_parameters(const Workflow& workflow, const ParameterValues& overrides,
                                     const ExpandTime& time);

// prepareParamsMap of a task that received `var_pool` (see Graph::var_pool_sources).
Result<PropertyMap> task_parameters(const RunParameters& run, const TaskDefinition& task, const PropertyList& var_pool,
                                    std::int64_t task_instance_id, const std::string& execute_path);

// The run parameters of a workflow that a SUB_PROCESS `task` starts: its own globals, set from the task's IN parameters
// as far as the task received them in `var_pool`, and overruled by the parent's globals (3.1
// `ProcessServiceImpl.createSubProcessCommand`, `joinGlobalParams`).
Result<RunParameters> sub_run_parameters(const Workflow& child, const TaskDefinition& task, const RunParameters& parent,
                                         const PropertyList& var_pool);

// The varPool a SUB_PROCESS task hands on: what it received, and its OUT parameters with the values they have in
// `child_var_pool`, that of the child's task that ended last (3.1 `SubTaskProcessor`).
PropertyList sub_var_pool(const TaskDefinition& task, const PropertyList& received, const PropertyList& child_var_pool);

// --- What decides where a run continues: the condition of a CONDITIONS task and the branches of CONDITIONS and SWITCH,
// in conditions.cc.

// The final state of a task by code, or nothing while it has none (not run, skipped, not part of the run).
using StateLookup = std::function<std::optional<TaskState>(std::int64_t code)>;

struct ConditionVerdict {
  bool holds = false;
  std::string explanation;  // for the task log: "'validation' is FAILURE, SUCCESS is wanted"
};

// As 3.1 `ConditionTaskProcessor`: an item holds when its task ended in exactly the wanted state, items are joined by
// their group's relation and groups by the task's. No status, or no task, never holds; an empty AND list does.
ConditionVerdict evaluate_conditions(const Json& params, const StateLookup& state_of,
                                     const std::function<std::string(std::int64_t)>& name_of);

// A task or workflow code as the server reads one: a number, whose fraction is cut off, or a text of digits as nextNode
// may be. Nothing when it is neither.
std::optional<std::int64_t> code_from_json(const Json& json);

// One way out of a SWITCH or CONDITIONS task. `slot` is its name in --relink, `codes` the tasks it leads to.
struct BranchSlot {
  std::string slot;
  Json::json_pointer pointer;  // of the codes in the parameters
  std::vector<std::int64_t> codes;
};

// SWITCH: "branch 1" … in order, then "default". CONDITIONS: "success", then "failure". Empty for other types.
std::vector<BranchSlot> branch_slots(const std::string& type, const Json& params);

// The codes a CONDITIONS task looks at: "depends 1" …, one code each.
std::vector<BranchSlot> depend_slots(const std::string& type, const Json& params);

}  // namespace porpoise
