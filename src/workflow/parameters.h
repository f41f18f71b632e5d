// Parameters of a workflow run: what its globals are, what a task of it receives, and what goes into and comes out of a
// SUB_PROCESS. Pure; any thread. The rules for one value are in task/curing.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/expand.h"
#include "model/parameter_resolution.h"
#include "model/property.h"
#include "workflow/workflow.h"

namespace porpoise {

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

}  // namespace porpoise
