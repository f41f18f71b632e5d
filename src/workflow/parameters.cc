#include "workflow/parameters.h"

#include <algorithm>

namespace porpoise {
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
