// The conditions of a SWITCH task: how they are written in its parameters and how parameters are put into them (3.1
// `SwitchTaskProcessor`, `SwitchTaskUtils`). Pure functions; es5/javascript.h evaluates what comes out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/property.h"

namespace porpoise {

// Which DolphinScheduler the rendering follows.
enum class SwitchCompat {
  k315,  // 3.1.0 to 3.1.8: globals win, numbers stay bare, all else is quoted, an unknown name is an error
  k319,  // the varPool wins, the declared type decides on quotes, an unknown name stays, no name at all is an error
};
std::optional<SwitchCompat> switch_compat_from(std::string_view version);  // "3.1.5", "3.1.9"

struct SwitchBranch {
  std::string condition;  // empty: always taken
  std::string next_node;  // JSON: a task code or a list of them; empty when there is none
};

struct SwitchRule {
  std::vector<SwitchBranch> branches;
  std::string default_node;  // as next_node
};

// `switchResult` of a SWITCH task's parameters: an object, or its text as an instance of a task has it.
Result<SwitchRule> parse_switch_rule(const Json& task_params);

// The JavaScript of a condition. Errors name what is missing.
Result<std::string> render_condition(std::string_view condition, const PropertyList& global_params,
                                     const PropertyList& var_pool, SwitchCompat compat);

// Whether Java code would read a number from it (commons-lang3 `NumberUtils.isCreatable`): 1, -2.5, 1e3, 0x1F, 017,
// 10L.
bool is_java_number(std::string_view text);

}  // namespace porpoise
