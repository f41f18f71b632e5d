#include "workflow/workflow.h"

#include <algorithm>
#include <charconv>

namespace porpoise {
namespace {

Json at(const Json& json, const Json::json_pointer& pointer) {
  return json.contains(pointer) ? json.at(pointer) : Json();
}

// The elements of an array with their pointers; none when there is no array.
std::vector<Json::json_pointer> elements(const Json& params, const Json::json_pointer& pointer) {
  std::vector<Json::json_pointer> found;
  const Json list = at(params, pointer);
  for (std::size_t i = 0; list.is_array() && i < list.size(); ++i) found.push_back(pointer / i);
  return found;
}

BranchSlot slot_at(const Json& params, std::string slot, const Json::json_pointer& pointer) {
  BranchSlot found{std::move(slot), pointer, {}};
  const Json codes = at(params, pointer);
  const auto add = [&](const Json& json) {
    if (const auto code = code_from_json(json)) found.codes.push_back(*code);
  };
  if (codes.is_array())
    std::for_each(codes.begin(), codes.end(), add);
  else
    add(codes);
  return found;
}

// 3.1 `DependentUtils.getDependResultForRelation`; an empty AND holds, an empty OR does not.
bool join(const std::string& relation, const std::vector<bool>& results) {
  const auto yes = [](bool result) { return result; };
  return relation == "OR" ? std::any_of(results.begin(), results.end(), yes)
                          : std::all_of(results.begin(), results.end(), yes);
}

struct Evaluation {
  const StateLookup& state_of;
  const std::function<std::string(std::int64_t)>& name_of;
  std::string explanation;

  bool item_holds(const Json& item) {
    const std::int64_t code = code_from_json(item.value("depTaskCode", Json())).value_or(0);
    const std::string wanted = string_or(item, "status", "SUCCESS");
    const auto state = state_of(code);
    if (!explanation.empty()) explanation += "; ";
    explanation += "'" + name_of(code) + "' " + (state ? "is " + std::string(to_string(*state)) : "did not run") +
                   ", " + wanted + " is wanted";
    return state && to_string(*state) == wanted;
  }

  bool group_holds(const Json& group) {
    std::vector<bool> results;
    for (const Json& item : group.value("dependItemList", Json::array())) results.push_back(item_holds(item));
    return join(string_or(group, "relation", "AND"), results);
  }
};

}  // namespace

std::optional<std::int64_t> code_from_json(const Json& json) {
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (!json.is_string()) return std::nullopt;
  const std::string& text = json.get_ref<const std::string&>();
  std::int64_t code = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, code);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return code;
}

std::vector<BranchSlot> branch_slots(const std::string& type, const Json& params) {
  using Pointer = Json::json_pointer;
  if (type == kConditions)
    return {slot_at(params, "success", Pointer("/conditionResult/successNode")),
            slot_at(params, "failure", Pointer("/conditionResult/failedNode"))};
  if (type != kSwitch) return {};
  std::vector<BranchSlot> slots;
  for (const Pointer& branch : elements(params, Pointer("/switchResult/dependTaskList")))
    slots.push_back(slot_at(params, "branch " + std::to_string(slots.size() + 1), branch / "nextNode"));
  slots.push_back(slot_at(params, "default", Pointer("/switchResult/nextNode")));
  return slots;
}

std::vector<BranchSlot> depend_slots(const std::string& type, const Json& params) {
  std::vector<BranchSlot> slots;
  if (type != kConditions) return slots;
  for (const auto& group : elements(params, Json::json_pointer("/dependence/dependTaskList")))
    for (const auto& item : elements(params, group / "dependItemList"))
      slots.push_back(slot_at(params, "depends " + std::to_string(slots.size() + 1), item / "depTaskCode"));
  return slots;
}

ConditionVerdict evaluate_conditions(const Json& params, const StateLookup& state_of,
                                     const std::function<std::string(std::int64_t)>& name_of) {
  Evaluation evaluation{state_of, name_of, {}};
  const Json dependence = params.value("dependence", Json::object());
  std::vector<bool> results;
  for (const Json& group : dependence.value("dependTaskList", Json::array()))
    results.push_back(evaluation.group_holds(group));
  const bool holds = join(string_or(dependence, "relation", "AND"), results);
  return {holds, std::move(evaluation.explanation)};
}

}  // namespace porpoise
