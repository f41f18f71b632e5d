#include "workflow/workflow.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"

namespace porpoise {
namespace {

std::string place(const Workflow& workflow, const TaskDefinition& task) {
  return "task '" + task.name + "' of workflow '" + workflow.name + "'";
}

// For each workflow, those that running it starts sooner or later (Warshall's transitive closure).
using Reach = std::vector<std::bitset<kMaxWorkflows>>;

Reach find_reach(const std::vector<Workflow>& workflows) {
  Reach reach(workflows.size());
  for (std::size_t i = 0; i < workflows.size(); ++i)
    for (const TaskDefinition& task : workflows[i].tasks)
      if (const Workflow* sub = sub_workflow(workflows, task); sub != nullptr)
        reach[i].set(static_cast<std::size_t>(sub - workflows.data()));
  for (std::size_t via = 0; via < workflows.size(); ++via)
    for (auto& row : reach)
      if (row[via]) row |= reach[via];
  return reach;
}

// 3.3 renamed it; null is as good as none.
Json sub_workflow_code(const Json& params) {
  for (const char* const key : {"processDefinitionCode", "workflowDefinitionCode"})
    if (Json code = params.value(key, Json()); !code.is_null()) return code;
  return {};
}

bool names_by_id(const Json& params) {
  return params.contains("processDefinitionId") && sub_workflow_code(params).is_null();
}

std::string why_no_sub_workflow(const Json& params) {
  if (names_by_id(params))
    return " names its sub workflow by an id, as DolphinScheduler before 2.0 did, and an export has codes only; write "
           "the code of the workflow as processDefinitionCode";
  const Json code = sub_workflow_code(params);
  if (code.is_null() || code == "" || code_from_json(code) == 0)
    return " is a SUB_PROCESS that names no workflow: its processDefinitionCode is empty; write the code of a workflow "
           "of this file there";
  if (!code_from_json(code))
    return " is a SUB_PROCESS whose processDefinitionCode is " + dump_json(code).substr(0, 40) +
           ", which is no code of a workflow (a whole number of at most 63 bits)";
  return " is a SUB_PROCESS whose workflow, by its processDefinitionCode or workflowDefinitionCode " +
         std::to_string(*code_from_json(code)) + ", is not in this file; export both workflows together";
}

std::string refuse_sub_process(const std::vector<Workflow>& workflows, const Workflow& workflow,
                               const TaskDefinition& task, const Reach& reach) {
  const Workflow* sub = sub_workflow(workflows, task);
  if (sub == nullptr) return place(workflow, task) + why_no_sub_workflow(task.params);
  const auto index = [&](const Workflow* one) { return static_cast<std::size_t>(one - workflows.data()); };
  if (sub == &workflow || reach[index(sub)][index(&workflow)])
    return place(workflow, task) + " starts workflow '" + sub->name + "', which leads back to it and would never end";
  return {};
}

std::string refuse(const std::vector<Workflow>& workflows, const Workflow& workflow, const TaskDefinition& task,
                   const Reach& reach) {
  if (!task.enabled) return {};
  if (task.type == kSubProcess) return refuse_sub_process(workflows, workflow, task, reach);
  if (task.type == kDependent)
    return place(workflow, task) + " is a DEPENDENT task: it waits for runs that only a DolphinScheduler server knows";
  if (task.type == kBlocking) return place(workflow, task) + " is a BLOCKING task, which a local run does not have";
  if (task.stream) return place(workflow, task) + " is a STREAM task, which never ends by itself";
  return {};
}

std::vector<std::int64_t> in_task_order(const Workflow& workflow, const std::set<std::int64_t>& wanted) {
  std::vector<std::int64_t> codes;
  for (const TaskDefinition& task : workflow.tasks)
    if (wanted.contains(task.code)) codes.push_back(task.code);
  return codes;
}

}  // namespace

std::string_view to_string(FailureStrategy strategy) { return strategy == FailureStrategy::kEnd ? "END" : "CONTINUE"; }

const TaskDefinition* Workflow::find(std::int64_t task_code) const {
  const auto found =
      std::find_if(tasks.begin(), tasks.end(), [&](const TaskDefinition& task) { return task.code == task_code; });
  return found == tasks.end() ? nullptr : &*found;
}

const TaskDefinition* Workflow::find(std::string_view task_name) const {
  const auto found =
      std::find_if(tasks.begin(), tasks.end(), [&](const TaskDefinition& task) { return task.name == task_name; });
  return found == tasks.end() ? nullptr : &*found;
}

std::string Workflow::name_of(std::int64_t task_code) const {
  const TaskDefinition* task = find(task_code);
  return task == nullptr ? std::to_string(task_code) : task->name;
}

std::vector<std::int64_t> Workflow::upstream(std::int64_t task_code) const {
  std::set<std::int64_t> found;
  for (const Edge& edge : edges)
    if (edge.post == task_code) found.insert(edge.pre);
  return in_task_order(*this, found);
}

std::vector<std::int64_t> Workflow::downstream(std::int64_t task_code) const {
  std::set<std::int64_t> found;
  for (const Edge& edge : edges)
    if (edge.pre == task_code) found.insert(edge.post);
  return in_task_order(*this, found);
}

std::vector<std::int64_t> Workflow::from(std::int64_t task_code) const {
  std::map<std::int64_t, std::vector<std::int64_t>> after;
  for (const Edge& edge : edges) after[edge.pre].push_back(edge.post);
  std::set<std::int64_t> reached{task_code};
  std::vector<std::int64_t> open{task_code};
  while (!open.empty()) {
    const std::vector<std::int64_t>& next = after[open.back()];
    open.pop_back();
    for (const std::int64_t post : next)
      if (reached.insert(post).second) open.push_back(post);
  }
  return in_task_order(*this, reached);
}

void set_params(TaskDefinition& task, Json params) {
  task.params = std::move(params);
  task.params_text = dump_json(task.params);
}

std::vector<UsedType> used_types(const std::vector<Workflow>& workflows) {
  std::vector<UsedType> used;
  std::set<std::string> seen;
  for (const Workflow& workflow : workflows)
    for (const TaskDefinition& task : workflow.tasks)
      if (seen.insert(task.type).second) used.push_back({task.type, task.name});
  return used;
}

const Workflow* sub_workflow(const std::vector<Workflow>& workflows, const TaskDefinition& task) {
  if (task.type != kSubProcess) return nullptr;
  const auto code = code_from_json(sub_workflow_code(task.params));
  const auto found =
      std::find_if(workflows.begin(), workflows.end(), [&](const Workflow& one) { return one.code == code; });
  return code && found != workflows.end() ? &*found : nullptr;
}

std::vector<std::int64_t> name_resources(std::vector<Workflow>& workflows,
                                         const std::map<std::int64_t, std::string>& names) {
  std::set<std::int64_t> unused;
  for (const auto& [id, name] : names) unused.insert(id);
  for (Workflow& workflow : workflows)
    for (TaskDefinition& task : workflow.tasks)
      std::erase_if(task.resource_ids, [&](std::int64_t id) {
        const auto named = names.find(id);
        if (named == names.end()) return false;
        task.resources.push_back(named->second);
        unused.erase(id);
        return true;
      });
  return {unused.begin(), unused.end()};
}

std::string ways_round(const std::string& task_name) {
  const std::string name = shell_quoted(task_name);
  return "; leave it out, with what comes after it: --skip " + name + ", or take it as done: --assume " + name;
}

std::vector<UnsupportedTask> unsupported(const std::vector<Workflow>& workflows) {
  std::vector<UnsupportedTask> refusals;
  const Reach reach = find_reach(workflows);
  for (const Workflow& workflow : workflows)
    for (const TaskDefinition& task : workflow.tasks)
      if (const std::string sentence = refuse(workflows, workflow, task, reach); !sentence.empty())
        refusals.push_back({workflow.code, task.code, sentence + ways_round(task.name)});
  return refusals;
}

namespace {

const Property* find_property(const PropertyList& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Property& item) { return item.prop == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

Result<ParameterValues> parse_overrides(const std::vector<std::string>& options) {
  ParameterValues values;
  for (const std::string& option : options) {
    const auto equals = option.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorCode::kInvalid, "--set '" + option + "' is not of the form NAME=VALUE");
    values[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return values;
}

Result<RunParameters> run_parameters(const Workflow& workflow, const ParameterValues& overrides,
                                     const ExpandTime& time) {
  auto globals = resolve_global_params(workflow.global_params, overrides, time);
  if (!globals) return fail(globals.error().wrap("global parameters of workflow '" + workflow.name + "'"));
  return RunParameters{std::move(*globals), time};
}

Result<PropertyMap> task_parameters(const RunParameters& run, const TaskDefinition& task, const PropertyList& var_pool,
                                    std::int64_t task_instance_id, const std::string& execute_path) {
  ParameterSources sources;
  sources.global_params = run.globals;
  sources.var_pool = var_pool;
  sources.local_params = task.local_params;
  sources.task_instance_id = task_instance_id;
  sources.execute_path = execute_path;
  sources.time = run.time;
  auto params = prepare_params(sources);
  if (!params) return fail(params.error().wrap("parameters of task '" + task.name + "'"));
  return params;
}

Result<RunParameters> sub_run_parameters(const Workflow& child, const TaskDefinition& task, const RunParameters& parent,
                                         const PropertyList& var_pool) {
  ParameterValues overrides;
  for (const Property& local : task.local_params) {
    const Property* received = find_property(var_pool, local.prop);
    if (local.direct == Direct::kIn && received != nullptr) overrides[local.prop] = received->value;
  }
  PORPOISE_TRY(const RunParameters own, run_parameters(child, overrides, parent.time));
  RunParameters joined = parent;
  for (const Property& global : own.globals)
    if (find_property(parent.globals, global.prop) == nullptr) joined.globals.push_back(global);
  return joined;
}

PropertyList sub_var_pool(const TaskDefinition& task, const PropertyList& received,
                          const PropertyList& child_var_pool) {
  PropertyList handed_on = received;
  for (const Property& local : task.local_params) {
    if (local.direct != Direct::kOut) continue;
    const Property* result = find_property(child_var_pool, local.prop);
    std::erase_if(handed_on, [&](const Property& item) { return item.prop == local.prop; });
    handed_on.push_back(local);
    if (result != nullptr) handed_on.back().value = result->value;
  }
  return handed_on;
}

}  // namespace porpoise
