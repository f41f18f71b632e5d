#include "workflow/import.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/text.h"
#include "workflow/import_cursor.h"
#include "workflow/workflow.h"

namespace porpoise {

// One entry of taskDefinitionList. Used by import only; pure.
// Findings go to the cursor's Problems; the result is complete when there were none.
TaskDefinition import_task(const Cursor& cursor);

namespace {

constexpr std::int64_t kMaxMinutes = 10'000'000;
constexpr std::size_t kMaxLocalParams = 10'000;
constexpr std::int64_t kMaxRetries = 10'000;
constexpr std::int64_t kMaxCode = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxInt = std::numeric_limits<int>::max();
constexpr std::string_view kSubWorkflow = "SUB_WORKFLOW";  // 3.3

std::chrono::minutes minutes(const Cursor& task, std::string_view key, std::int64_t fallback) {
  return std::chrono::minutes(task.integer(key, {fallback, 0, kMaxMinutes}));
}

void import_settings(const Cursor& cursor, TaskDefinition& task) {
  task.version = cursor.integer("version", {1, 0, kMaxInt});
  task.enabled = cursor.choice("flag", {"NO", "YES"}, 1) == 1;
  task.priority = cursor.choice("taskPriority", {"HIGHEST", "HIGH", "MEDIUM", "LOW", "LOWEST"}, 2);
  task.retry_times = static_cast<int>(cursor.integer("failRetryTimes", {0, 0, kMaxRetries}));
  task.retry_interval = minutes(cursor, "failRetryInterval", 0);
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

// Plugins are to get what the server's classes would write: texts, and names of enumerations.
Json normal_local_params(const Cursor& given) {
  Json normal = Json::array();
  for (const Cursor& item : given.elements(kMaxLocalParams)) {
    Json one = item.json();
    if (item.has("direct")) one["direct"] = item.choice("direct", {"IN", "OUT"}, 0) == 1 ? "OUT" : "IN";
    for (const char* const key : {"prop", "type", "value"})
      if (const Json& value = one.value(key, Json()); !value.is_null() && !value.is_string())
        one[key] = dump_json(value);
    normal.push_back(std::move(one));
  }
  return normal;
}

// Gives what is to stand in their place in the parameters of the task; null: nothing else.
Json import_local_params(const Cursor& params, TaskDefinition& task) {
  if (!params.has("localParams")) return {};
  const Cursor given = params.member("localParams");
  if (given.json().is_string()) given.remark("text of a list", "is a text, which is read as the list in it");
  const Json value = params.embedded("localParams");
  auto list = property_list_from_json(value);
  if (!list) {
    given.problem(list.error().message());
    return {};
  }
  task.local_params = std::move(*list);
  return value.is_array() ? normal_local_params(params.member_as("localParams", value))
                          : Json(to_json(task.local_params));
}

// A list may name the same twice; once is enough.
template <typename T>
void add_once(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

void import_resources(const Cursor& params, TaskDefinition& task) {
  const auto list = params.list_or_none("resourceList");
  if (!list) return;
  for (const Cursor& item : list->elements()) {
    if (!item.json().is_object()) {
      item.problem("must be an object with \"resourceName\"");
      continue;
    }
    const std::string name = item.text_or("resourceName", item.text_or("res", ""));
    const std::int64_t id = name.empty() ? item.code_or_zero("id") : 0;
    if (id == 0)
      add_once(task.resources, name);
    else
      add_once(task.resource_ids, id);
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
    if (one.json().is_null() || one.json() == "" || code_from_json(one.json())) return;
    one.problem(
        "must be a task code, not " + dump_json(one.json()).substr(0, 40) +
        (one.json().is_string() ? "; names in branches are those of DolphinScheduler 1.3: write the code" : ""));
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

// The elements of a list that are objects; others are problems. There may be none.
std::vector<Cursor> objects(const Cursor& parent, std::string_view key) {
  std::vector<Cursor> found;
  const auto list = parent.list_or_none(key);
  if (!list) return found;
  for (Cursor& element : list->elements()) {
    if (element.json().is_object())
      found.push_back(std::move(element));
    else
      element.problem("must be an object");
  }
  return found;
}

// Each of 3.1 `TaskExecutionStatus` may stand there; without one the item never holds.
void check_status(const Cursor& item) {
  static constexpr int kNone = -1;
  const int status = item.choice("status",
                                 {"SUBMITTED_SUCCESS", "RUNNING_EXECUTION", "PAUSE", "STOP", "FAILURE", "SUCCESS",
                                  "NEED_FAULT_TOLERANCE", "KILL", "DELAY_EXECUTION", "FORCED_SUCCESS", "DISPATCH"},
                                 kNone);
  if (status == kNone && !item.has("status"))
    item.remark("no status", "has no \"status\", which no task's state equals: this condition never holds");
}

// A relation that the server would read as null makes its master fail in the middle of the workflow.
void check_relation(const Cursor& place) {
  static constexpr int kNone = -1;
  if (place.has("relation") && place.choice("relation", {"AND", "OR"}, kNone) == kNone)
    place.member("relation").problem("must be one of AND, OR, not " + dump_json(place.member("relation").json()));
}

void check_conditions(const Cursor& params) {
  if (const auto result = params.object("conditionResult")) {
    check_branch_codes(*result, "successNode");
    check_branch_codes(*result, "failedNode");
  }
  const auto dependence = params.object("dependence");
  if (!dependence) return;
  check_relation(*dependence);
  for (const Cursor& group : objects(*dependence, "dependTaskList")) {
    check_relation(group);
    for (const Cursor& item : objects(group, "dependItemList")) {
      if (item.code_or_zero("depTaskCode") == 0)
        item.remark("no code", "has no \"depTaskCode\": this condition never holds");
      check_status(item);
    }
  }
}

void import_params(const Cursor& cursor, TaskDefinition& task) {
  if (!cursor.has("taskParams")) return cursor.problem("has no \"taskParams\"; give it at least {}");
  Json json = cursor.embedded("taskParams");
  // An empty text is nothing to the server, of which a branch cannot be made.
  const bool branches = task.type == kSwitch || task.type == kConditions;
  if (json.is_null() && branches && cursor.member("taskParams").json() == "") json = Json::object();
  if (json.is_null()) return;
  if (!json.is_object()) return cursor.member("taskParams").problem("must be an object, or a text that holds one");
  if (branches) unwrap_instance_members(cursor.member_as("taskParams", json), json);
  const Cursor params = cursor.member_as("taskParams", json);
  if (task.type == kSwitch) check_switch(params);
  if (task.type == kConditions) check_conditions(params);
  Json local_params = import_local_params(params, task);
  import_resources(params, task);
  if (!local_params.is_null()) json["localParams"] = std::move(local_params);
  set_params(task, std::move(json));
}

}  // namespace

TaskDefinition import_task(const Cursor& cursor) {
  TaskDefinition task;
  task.name = cursor.text("name");
  const Cursor named = task.name.empty() ? cursor : cursor.about("task '" + task.name + "'");
  task.code = named.code("code").value_or(0);
  task.type = upper_case(named.text("taskType"));
  if (task.type == kSubWorkflow) task.type = kSubProcess;
  import_settings(named, task);
  import_params(named, task);
  return task;
}

namespace {

constexpr std::size_t kMaxTasks = 10'000;       // of a workflow
constexpr std::size_t kMaxRelations = 100'000;  // of a workflow
constexpr std::size_t kMaxNames = 20;           // of a cycle that is told

void import_globals(const Cursor& definition, Workflow& workflow) {
  // 3.1 exports both; the list is derived from the text.
  const bool has_text = definition.has("globalParams") && definition.json()["globalParams"] != "";
  const char* const key = has_text ? "globalParams" : "globalParamList";
  if (!definition.has(key)) return;
  auto list = property_list_from_json(definition.embedded(key));
  if (list)
    workflow.global_params = std::move(*list);
  else
    definition.member(key).problem(list.error().message());
}

void import_definition(const Cursor& definition, Workflow& workflow) {
  workflow.name = definition.text("name");
  workflow.code = definition.code("code").value_or(0);
  workflow.project_code = definition.integer("projectCode", {0, 0, INT64_MAX});
  workflow.version = definition.integer("version", {1, 0, INT32_MAX});
  workflow.timeout = std::chrono::minutes(definition.integer("timeout", {0, 0, kMaxMinutes}));
  import_globals(definition, workflow);
}

// False when there are too many, which is told: all that is said of relations would be a consequence.
bool import_tasks(const Cursor& list, Workflow& workflow) {
  const std::vector<Cursor> elements = list.elements(kMaxTasks);
  std::map<std::string, std::size_t> names;
  std::map<std::int64_t, std::string> codes;
  for (const Cursor& element : elements) {
    if (!element.json().is_object()) {
      element.problem("must be a task definition, not " + std::string(element.json().type_name()));
      continue;
    }
    TaskDefinition task = import_task(element);
    if (!task.name.empty() && !names.emplace(task.name, workflow.tasks.size()).second)
      element.problem("a second task is named '" + task.name + "'; rename one of them");
    if (task.code != 0)
      if (const auto [other, added] = codes.emplace(task.code, task.name); !added)
        element.problem("task '" + task.name + "' has the code " + std::to_string(task.code) + " of task '" +
                        other->second + "'; give it another");
    workflow.tasks.push_back(std::move(task));
  }
  return elements.size() == list.json().size();
}

// Either end of a relation; `zero_is_root` for the end where 0 stands for the beginning of the workflow.
std::optional<std::int64_t> import_end(const Cursor& relation, const char* key, const std::set<std::int64_t>& known,
                                       bool zero_is_root) {
  // No end at all is 0 to the server, the beginning.
  const auto code = zero_is_root ? std::optional(relation.code_or_zero(key)) : relation.code(key);
  if (!code || known.contains(*code) || (zero_is_root && *code == 0)) return code;
  relation.member(key).problem("no task has the code " + std::to_string(*code) +
                               "; remove this relation or correct its codes");
  return std::nullopt;
}

void import_relation(const Cursor& relation, const std::set<std::int64_t>& known, Workflow& workflow,
                     std::set<std::pair<std::int64_t, std::int64_t>>& seen) {
  if (!relation.json().is_object()) return relation.problem("must be a relation with preTaskCode and postTaskCode");
  const auto pre = import_end(relation, "preTaskCode", known, true);
  const auto post = import_end(relation, "postTaskCode", known, false);
  if (!pre || !post || *pre == 0) return;
  if (*pre == *post)
    return relation.problem("task '" + workflow.name_of(*pre) + "' follows itself; remove this relation");
  if (seen.emplace(*pre, *post).second) workflow.edges.push_back({*pre, *post});
}

void import_relations(const Cursor& list, Workflow& workflow) {
  std::set<std::int64_t> known;
  for (const TaskDefinition& task : workflow.tasks) known.insert(task.code);
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (const Cursor& relation : list.elements(kMaxRelations)) import_relation(relation, known, workflow, seen);
}

// Tasks of one cycle in their order, the first one again at the end; empty when there is none. Depth first without
// recursion: the file decides how long a chain is.
std::vector<std::int64_t> find_cycle(const Workflow& workflow) {
  std::map<std::int64_t, std::vector<std::int64_t>> after;
  for (const Edge& edge : workflow.edges) after[edge.pre].push_back(edge.post);
  std::set<std::int64_t> left;
  for (const TaskDefinition& root : workflow.tasks) {
    std::vector<std::int64_t> path{root.code};
    std::map<std::int64_t, std::size_t> next{{root.code, 0}};  // of the tasks on the path: the edge to follow
    while (!path.empty() && !left.contains(path.back())) {
      const std::int64_t code = path.back();
      if (next[code] == after[code].size()) {
        left.insert(code);
        next.erase(code);
        path.pop_back();
        continue;
      }
      const std::int64_t to = after[code][next[code]++];
      if (next.contains(to)) {
        path.erase(path.begin(), std::find(path.begin(), path.end(), to));
        path.push_back(to);
        return path;
      }
      if (left.contains(to)) continue;
      next[to] = 0;
      path.push_back(to);
    }
  }
  return {};
}

void check_cycle(const Cursor& relations, const Workflow& workflow) {
  const std::vector<std::int64_t> cycle = find_cycle(workflow);
  if (cycle.empty()) return;
  std::string loop = workflow.name_of(cycle.front());
  for (std::size_t i = 1; i + 1 < cycle.size(); ++i) {
    if (i == kMaxNames) loop += " → …";
    if (i < kMaxNames) loop += " → " + workflow.name_of(cycle[i]);
  }
  loop += " → " + workflow.name_of(cycle.back());
  relations.problem("the tasks wait for each other: " + loop + "; remove one of these relations");
}

// 3.3 renamed the members; a file has the one or the other.
const char* name_in(const Cursor& element, const char* name, const char* name_of_3_3) {
  return !element.has(name) && element.has(name_of_3_3) ? name_of_3_3 : name;
}

Workflow import_element(const Cursor& element) {
  Workflow workflow;
  const auto definition = element.object(name_in(element, "processDefinition", "workflowDefinition"));
  if (definition) import_definition(*definition, workflow);
  const Cursor named = workflow.name.empty() ? element : element.about("workflow '" + workflow.name + "'");
  const auto tasks = named.list("taskDefinitionList");
  const bool has_tasks = tasks && import_tasks(*tasks, workflow);
  const auto relations = named.list(name_in(element, "processTaskRelationList", "workflowTaskRelationList"));
  if (has_tasks && relations) {
    import_relations(*relations, workflow);
    check_cycle(*relations, workflow);
  }
  if (named.has("schedule") && named.member("schedule").json().is_object()) {
    const int strategy = named.member("schedule").choice("failureStrategy", {"END", "CONTINUE"}, 1);
    workflow.schedule_failure_strategy = static_cast<FailureStrategy>(strategy);
  }
  return workflow;
}

Workflow import_lone_task(const Cursor& definition) {
  Workflow workflow;
  workflow.tasks.push_back(import_task(definition));
  workflow.name = workflow.tasks.front().name;
  workflow.project_code = definition.integer("projectCode", {0, 0, INT64_MAX});
  return workflow;
}

Workflow import_one(const Cursor& element) {
  const Json& json = element.json();
  if (const std::string other = describe_other_file(json); !other.empty()) {
    element.problem(other);
    return {};
  }
  if (json.is_object() && json.contains("taskType")) return import_lone_task(element);
  if (json.is_object()) return import_element(element);
  element.problem("must be an exported workflow (an object), not " + std::string(json.type_name()));
  return {};
}

std::vector<Workflow> import_list(const Cursor& list) {
  std::vector<Workflow> workflows;
  if (list.json().empty()) list.problem("the list is empty; export at least one workflow");
  std::set<std::int64_t> codes;
  for (const Cursor& element : list.elements(kMaxWorkflows)) {
    Workflow workflow = import_one(element);
    if (workflow.code != 0 && !codes.insert(workflow.code).second)
      element.problem("workflow '" + workflow.name + "' has the code of another one; give it its own");
    workflows.push_back(std::move(workflow));
  }
  return workflows;
}

// "line 3, column 5: …" of the JSON parser in the form that the other problems have.
Error syntax_error(const Error& error) {
  std::size_t line = 0;
  std::size_t column = 0;
  int end = 0;
  std::string message = error.message();
  if (std::sscanf(message.c_str(), "line %zu, column %zu: %n", &line, &column, &end) == 2 && end > 0)
    message = std::to_string(line) + ":" + std::to_string(column) + " " + message.substr(static_cast<std::size_t>(end));
  if (message.find("unexpected end of input") != std::string::npos)
    message += "; the file is cut off or empty: export it again";
  else if (message.find("syntax error") != std::string::npos)
    message += "; the file must be what DolphinScheduler exports (JSON)";
  return Error(ErrorCode::kInvalid, std::move(message));
}

// What an editor may have made of the file; the first character of JSON is one byte in UTF-8. Empty: it looks like
// UTF-8.
std::string foreign_encoding(std::string_view text) {
  const auto begins = [&](std::string_view bytes) { return text.substr(0, bytes.size()) == bytes; };
  using namespace std::string_view_literals;
  if (begins("\xFF\xFE\0\0"sv) || begins("\0\0\xFE\xFF"sv) || begins("\0\0\0"sv)) return "UTF-32";
  if (begins("\xFF\xFE"sv) || begins("\xFE\xFF"sv)) return "UTF-16";
  const bool has_zero = text.size() > 1 && (text[0] == '\0') != (text[1] == '\0');
  if (!has_zero) return {};
  return text.size() > 3 && text[1] == '\0' && text[2] == '\0' && text[3] == '\0' ? "UTF-32" : "UTF-16";
}

}  // namespace

Result<std::vector<Workflow>> import_workflows(std::string_view text, std::vector<std::string>* remarks) {
  if (const std::string encoding = foreign_encoding(text); !encoding.empty())
    return fail(ErrorCode::kInvalid, "1:1 the file is in " + encoding + "; save it as UTF-8, as DolphinScheduler does");
  const auto json = parse_json(text);
  if (!json) return fail(syntax_error(json.error()));
  Problems problems(text);
  const Cursor root(problems, *json, Json::json_pointer());
  std::vector<Workflow> workflows;
  if (json->is_array())
    workflows = import_list(root);
  else
    workflows.push_back(import_one(root));
  if (!problems.empty()) return fail(problems.error());
  if (remarks != nullptr) *remarks = problems.remarks();
  return workflows;
}

}  // namespace porpoise
