#include "workflow/import_task.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <utility>

#include "workflow/conditions.h"

namespace porpoise {
namespace {

constexpr std::int64_t kMaxTaskMinutes = 10'000'000;
constexpr std::int64_t kMaxRetries = 10'000;
constexpr std::int64_t kMaxCode = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxInt = std::numeric_limits<int>::max();

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::chrono::minutes minutes(const Cursor& task, std::string_view key, std::int64_t fallback) {
  return std::chrono::minutes(task.integer(key, {fallback, 0, kMaxTaskMinutes}));
}

void import_settings(const Cursor& cursor, TaskDefinition& task) {
  task.version = cursor.integer("version", {1, 0, kMaxInt});
  task.enabled = cursor.choice("flag", {"NO", "YES"}, 1) == 1;
  task.priority = cursor.choice("taskPriority", {"HIGHEST", "HIGH", "MEDIUM", "LOW", "LOWEST"}, 2);
  task.retry_times = static_cast<int>(cursor.integer("failRetryTimes", {0, 0, kMaxRetries}));
  task.retry_interval = minutes(cursor, "failRetryInterval", 1);
  task.timeout = minutes(cursor, "timeout", 0);
  task.timeout_open = cursor.choice("timeoutFlag", {"CLOSE", "OPEN"}, 0) == 1;
  task.timeout_strategy =
      static_cast<TimeoutStrategy>(cursor.choice("timeoutNotifyStrategy", {"WARN", "FAILED", "WARNFAILED"}, 0));
  task.delay = minutes(cursor, "delayTime", 0);
  task.worker_group = cursor.text_or("workerGroup", "default");
  task.environment_code = cursor.integer("environmentCode", {-1, -1, kMaxCode});
  task.memory_max = static_cast<int>(cursor.integer("memoryMax", {-1, -1, kMaxInt}));
  task.cpu_quota = static_cast<int>(cursor.integer("cpuQuota", {-1, -1, kMaxInt}));
  task.stream = cursor.choice("taskExecuteType", {"BATCH", "STREAM"}, 0) == 1;
}

void import_local_params(const Cursor& params, TaskDefinition& task) {
  auto list = property_list_from_json(params.json().value("localParams", Json()));
  if (list)
    task.local_params = std::move(*list);
  else
    params.member("localParams").problem(list.error().message());
}

void import_resources(const Cursor& params, TaskDefinition& task) {
  if (!params.has("resourceList")) return;
  const Cursor list = params.member("resourceList");
  if (!list.json().is_array()) return list.problem("must be a list of resources");
  for (const Cursor& item : list.elements()) {
    if (!item.json().is_object()) {
      item.problem("must be an object with \"resourceName\"");
      continue;
    }
    task.resources.push_back(item.text_or("resourceName", item.text_or("res", "")));
  }
}

// A task *instance* has these members as a text holding JSON; a definition taken from one is read as well.
void unwrap_instance_members(const Cursor& params, Json& json) {
  for (const char* key : {"switchResult", "conditionResult", "dependence"})
    if (!string_or(json, key, "").empty()) json[key] = params.embedded(key);
}

void check_branch_codes(const Cursor& place, std::string_view key) {
  if (!place.has(key)) return;
  const Cursor value = place.member(key);
  const auto check = [](const Cursor& one) {
    if (!one.json().is_null() && one.json() != "" && !code_from_json(one.json()))
      one.problem("must be a task code, not " + dump_json(one.json()).substr(0, 40));
  };
  if (!value.json().is_array()) return check(value);
  for (const Cursor& element : value.elements()) check(element);
}

void check_switch(const Cursor& params) {
  const auto result = params.object("switchResult");
  if (!result) return;
  check_branch_codes(*result, "nextNode");
  if (!result->has("dependTaskList")) return;
  const Cursor list = result->member("dependTaskList");
  if (!list.json().is_array()) return list.problem("must be a list of branches");
  for (const Cursor& branch : list.elements()) {
    if (!branch.json().is_object()) {
      branch.problem("must be a branch with \"condition\" and \"nextNode\"");
      continue;
    }
    branch.text_or("condition", "");
    check_branch_codes(branch, "nextNode");
  }
}

// The elements of a list that are objects; others are problems.
std::vector<Cursor> objects(const Cursor& parent, std::string_view key) {
  std::vector<Cursor> found;
  const auto list = parent.list(key);
  if (!list) return found;
  for (Cursor& element : list->elements()) {
    if (element.json().is_object())
      found.push_back(std::move(element));
    else
      element.problem("must be an object");
  }
  return found;
}

void check_conditions(const Cursor& params) {
  if (const auto result = params.object("conditionResult")) {
    check_branch_codes(*result, "successNode");
    check_branch_codes(*result, "failedNode");
  }
  const auto dependence = params.object("dependence");
  if (!dependence) return;
  dependence->choice("relation", {"AND", "OR"}, 0);
  for (const Cursor& group : objects(*dependence, "dependTaskList")) {
    group.choice("relation", {"AND", "OR"}, 0);
    for (const Cursor& item : objects(group, "dependItemList")) {
      item.code("depTaskCode");
      item.choice("status", {"SUCCESS", "FAILURE", "KILL"}, 0);
    }
  }
}

void import_params(const Cursor& cursor, TaskDefinition& task) {
  if (!cursor.has("taskParams")) return cursor.problem("has no \"taskParams\"; give it at least {}");
  Json json = cursor.embedded("taskParams");
  if (json.is_null()) return;
  if (!json.is_object()) return cursor.member("taskParams").problem("must be an object, or a text that holds one");
  if (task.type == kSwitch || task.type == kConditions)
    unwrap_instance_members(cursor.member_as("taskParams", json), json);
  const Cursor params = cursor.member_as("taskParams", json);
  if (task.type == kSwitch) check_switch(params);
  if (task.type == kConditions) check_conditions(params);
  import_local_params(params, task);
  import_resources(params, task);
  set_params(task, std::move(json));
}

}  // namespace

TaskDefinition import_task(const Cursor& cursor) {
  TaskDefinition task;
  task.name = cursor.text("name");
  const Cursor named = task.name.empty() ? cursor : cursor.about("task '" + task.name + "'");
  task.code = named.code("code").value_or(0);
  task.type = upper_case(named.text("taskType"));
  import_settings(named, task);
  import_params(named, task);
  return task;
}

}  // namespace porpoise
