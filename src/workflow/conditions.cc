#include "workflow/workflow.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

#include "base/text.h"

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

// 3.1 `TaskExecutionStatus`, in its order: an exported number is a place in it.
constexpr std::array<std::string_view, 11> kStatuses = {
    "SUBMITTED_SUCCESS", "RUNNING_EXECUTION", "PAUSE",   "STOP", "FAILURE", "SUCCESS", "NEED_FAULT_TOLERANCE", "KILL",
    "DELAY_EXECUTION",   "FORCED_SUCCESS",    "DISPATCH"};

// The status an item asks for; empty when it names none, as for the server, where null equals no status.
std::string wanted_status(const Json& item) {
  const Json status = item.value("status", Json());
  if (const auto place = code_from_json(status); place && *place >= 0 && *place < std::ssize(kStatuses))
    return std::string(kStatuses[static_cast<std::size_t>(*place)]);
  const std::string name = status.is_string() ? status.get<std::string>() : "";
  return std::find(kStatuses.begin(), kStatuses.end(), name) == kStatuses.end() ? "" : name;
}

std::string relation_of(const Json& json) {
  const Json relation = json.value("relation", Json());
  return relation == "OR" || code_from_json(relation) == 1 ? "OR" : "AND";
}

// Null and an empty text are an empty list.
Json list_of(const Json& json, const char* key) {
  Json list = json.value(key, Json::array());
  return list.is_array() ? list : Json::array();
}

struct Evaluation {
  const StateLookup& state_of;
  const std::function<std::string(std::int64_t)>& name_of;
  std::string explanation;

  bool item_holds(const Json& item) {
    const std::int64_t code = code_from_json(item.value("depTaskCode", Json())).value_or(0);
    const std::string wanted = wanted_status(item);
    const auto state = state_of(code);
    if (!explanation.empty()) explanation += "; ";
    explanation += code == 0 ? std::string("no task is named") : "'" + name_of(code) + "' ";
    if (code != 0) explanation += state ? "is " + std::string(to_string(*state)) : "did not run";
    explanation += wanted.empty() ? ", and no status is wanted, which none equals" : ", " + wanted + " is wanted";
    return state && to_string(*state) == wanted;
  }

  bool group_holds(const Json& group) {
    std::vector<bool> results;
    for (const Json& item : list_of(group, "dependItemList")) results.push_back(item_holds(item));
    return join(relation_of(group), results);
  }
};

}  // namespace

std::optional<std::int64_t> code_from_json(const Json& json) {
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) return std::nullopt;  // no Java long
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) {
    const double number = json.get<double>();
    if (!(std::abs(number) < 9e18)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!json.is_string()) return std::nullopt;
  const std::string_view text = trimmed(json.get_ref<const std::string&>());
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
  for (const Json& group : list_of(dependence, "dependTaskList")) results.push_back(evaluation.group_holds(group));
  const bool holds = join(relation_of(dependence), results);
  if (results.empty()) evaluation.explanation = "there is no condition";
  return {holds, std::move(evaluation.explanation)};
}

}  // namespace porpoise
