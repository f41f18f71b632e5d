// From declared parameters to the resolved ones a task receives, as the 3.1 master does it (3.1 `CuringGlobalParams`).
// Pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "model/expand.h"
#include "model/property.h"

namespace porpoise {

// system.biz.curdate, system.biz.date (the day before) and system.datetime, of the schedule time or of now.
ParameterValues business_time(const ExpandTime& time);

// The globals of one workflow run, once at its start: `overrides` replace values by name (unknown names are added),
// then each value that begins with `$` is expanded by the business times and the other globals.
Result<PropertyList> resolve_global_params(const PropertyList& declared, const ParameterValues& overrides,
                                           const ExpandTime& time);

// What one task's parameters are made of; `global_params` are cured.
struct ParameterSources {
  PropertyList global_params{};
  PropertyList var_pool{};
  PropertyList local_params{};
  std::int64_t task_instance_id = 0;
  std::string execute_path{};  // empty when not known yet
  ExpandTime time{};
};

// prepareParamsMap: globals, overridden by the varPool, overridden by the local IN parameters; each value that begins
// with `$` is expanded. A scheduled run always has system.datetime in it: 3.1 loses it when there is no parameter.
// Empty stands for 3.1's null.
Result<PropertyMap> prepare_params(const ParameterSources& sources);

// What expand() takes.
ParameterValues parameter_values(const PropertyMap& params);

}  // namespace porpoise
