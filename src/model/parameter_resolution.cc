#include "model/parameter_resolution.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/civil_time.h"
#include "model/date_pattern.h"

namespace porpoise {
namespace {

constexpr std::string_view kDateTime = "yyyyMMddHHmmss";

bool is_dynamic(const std::string& value) { return value.starts_with('$'); }

Result<std::string> expand_parameter(const std::string& name, const std::string& value, const ParameterValues& known,
                                     const ExpandTime& time) {
  auto expanded = expand(value, known, time);
  if (!expanded) return fail(expanded.error().wrap("parameter \"" + name + "\""));
  return expanded;
}

void put_all(PropertyMap& map, const PropertyList& list) {
  for (const Property& property : list) map[property.prop] = property;
}

void set_global(PropertyList& globals, const std::string& name, const std::string& value) {
  const auto found = std::find_if(globals.begin(), globals.end(), [&](const Property& p) { return p.prop == name; });
  if (found != globals.end()) {
    found->value = value;
  } else {
    globals.push_back({.prop = name, .direct = Direct::kIn, .type = "VARCHAR", .value = value});
  }
}

CivilTime run_time(const ExpandTime& time) {
  const auto scheduled = parse_civil_time(time.schedule_time);
  return scheduled ? *scheduled : civil_time(time.now_ms, time.zone);
}

PropertyMap merged(const ParameterSources& sources) {
  PropertyMap params;
  for (const Property& global : sources.global_params)
    params[global.prop] = {.prop = global.prop, .direct = Direct::kIn, .type = "VARCHAR", .value = global.value};
  put_all(params, sources.var_pool);
  PropertyList inputs = sources.local_params;
  std::erase_if(inputs, [](const Property& property) { return property.direct == Direct::kOut; });
  put_all(params, inputs);
  return params;
}

ParameterValues known_to_parameters(const ParameterSources& sources) {
  ParameterValues known = business_time(sources.time);
  for (const Property& global : sources.global_params) known[global.prop] = global.value;
  if (!sources.execute_path.empty()) known["system.task.execute.path"] = sources.execute_path;
  known["system.task.instance.id"] = std::to_string(sources.task_instance_id);
  return known;
}

}  // namespace

ParameterValues business_time(const ExpandTime& time) {
  const CivilTime now = run_time(time);
  const CivilTime yesterday = now.on(now.day() - std::chrono::days(1));
  // Only a time outside of the calendar cannot be written; then nothing is known.
  return {{"system.biz.curdate", format_time("yyyyMMdd", now).value_or("")},
          {"system.biz.date", format_time("yyyyMMdd", yesterday).value_or("")},
          {"system.datetime", format_time(kDateTime, now).value_or("")}};
}

Result<PropertyList> resolve_global_params(const PropertyList& declared, const ParameterValues& overrides,
                                           const ExpandTime& time) {
  PropertyList cured = declared;
  for (const auto& [name, value] : overrides) set_global(cured, name, value);
  ParameterValues known = business_time(time);
  for (const Property& property : cured) known[property.prop] = property.value;
  for (Property& property : cured) {
    if (!is_dynamic(property.value)) continue;
    PORPOISE_TRY(property.value, expand_parameter(property.prop, property.value, known, time));
  }
  return cured;
}

Result<PropertyMap> prepare_params(const ParameterSources& sources) {
  PropertyMap params = merged(sources);
  const ParameterValues known = known_to_parameters(sources);
  for (auto& [name, property] : params) {
    if (!is_dynamic(property.value)) continue;
    PORPOISE_TRY(property.value, expand_parameter(name, property.value, known, sources.time));
  }
  if (const auto scheduled = parse_civil_time(sources.time.schedule_time)) {
    PORPOISE_TRY(std::string text, format_time(kDateTime, *scheduled));
    params["system.datetime"] = {
        .prop = "system.datetime", .direct = Direct::kIn, .type = "VARCHAR", .value = std::move(text)};
  }
  return params;
}

ParameterValues parameter_values(const PropertyMap& params) {
  ParameterValues values;
  for (const auto& [name, property] : params) values.emplace(name, property.value);
  return values;
}

}  // namespace porpoise
