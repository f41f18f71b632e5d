// What decides where a run continues: the condition of a CONDITIONS task and the branches of CONDITIONS and SWITCH.
// Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/request.h"

namespace porpoise {

// The final state of a task by code, or nothing while it has none (not run, skipped, not part of the run).
using StateLookup = std::function<std::optional<TaskState>(std::int64_t code)>;

struct ConditionVerdict {
  bool holds = false;
  std::string explanation;  // for the task log: "'validation' is FAILURE, SUCCESS is wanted"
};

// As 3.1 `ConditionTaskProcessor`: an item holds when its task ended in exactly the wanted state, items are joined by
// their group's relation and groups by the task's.
ConditionVerdict evaluate_conditions(const Json& params, const StateLookup& state_of,
                                     const std::function<std::string(std::int64_t)>& name_of);

// A task or workflow code: a number, or a text of digits as nextNode may be. Nothing when it is neither.
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
