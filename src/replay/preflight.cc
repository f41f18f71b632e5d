#include "replay/preflight.h"

#include <algorithm>
#include <deque>

#include "base/json.h"
#include "plugin/schema.h"
#include "workflow/import_cursor.h"

namespace porpoise {
namespace {

using Pointer = Json::json_pointer;

bool is_logic(const std::string& type) {
  return type == kConditions || type == kSubProcess || type == kDependent || type == kBlocking;
}

// Where a task's definition is in the file; import keeps the order of workflows and tasks.
Pointer pointer_of(std::string_view text, const RunPlan& plan, const Workflow& workflow, const TaskDefinition& task) {
  const auto number = [](const auto& list, auto matches) {
    return static_cast<std::size_t>(std::find_if(list.begin(), list.end(), matches) - list.begin());
  };
  Pointer pointer;
  if (text.find_first_not_of(" \t\r\n") == text.find('['))
    pointer /= number(plan.workflows, [&](const Workflow& other) { return other.code == workflow.code; });
  const Pointer list = pointer / "taskDefinitionList";
  if (locate_pointer(text, list) == 0) return pointer;  // a single task
  return list / number(workflow.tasks, [&](const TaskDefinition& other) { return other.code == task.code; });
}

// The deepest place on the way to `pointer` that the file has: parameters may be a text that holds JSON.
Pointer existing(std::string_view text, Pointer pointer) {
  while (!pointer.empty() && locate_pointer(text, pointer) == 0) pointer.pop_back();
  return pointer;
}

void check_task(std::string_view text, const Pointer& at, const TaskDefinition& task, const Catalog& catalog,
                const FindResource& find_resource, Problems& problems) {
  const std::string subject = "task '" + task.name + "': ";
  const CatalogEntry* const entry = catalog.find(task.type);
  if (entry == nullptr)
    return problems.add(existing(text, at / "taskType"), subject + catalog.unknown_type(task.type).message());
  for (const SchemaProblem& problem : check_params(entry->type.params_schema, task.params)) {
    const Pointer place = existing(text, at / "taskParams" / Pointer(problem.pointer));
    const std::string parameter = problem.pointer.empty() ? "taskParams" : problem.pointer.substr(1);
    problems.add(place, subject + parameter + " " + problem.message);
  }
  if (!find_resource) return;
  for (const std::string& name : task.resources)
    if (const Status found = find_resource(name); !found)
      problems.add(existing(text, at / "taskParams" / "resourceList"), subject + found.error().to_string());
}

}  // namespace

std::vector<Workflow> reachable(const RunPlan& plan) {
  std::vector<Workflow> reached;
  std::deque<const Workflow*> open{&plan.root};
  std::set<const Workflow*> seen{&plan.root};
  for (; !open.empty(); open.pop_front()) {
    Workflow workflow = *open.front();
    const bool is_root = open.front() == &plan.root;
    std::erase_if(workflow.tasks, [&](const TaskDefinition& task) {
      return !task.enabled || (is_root && plan.only && !plan.only->contains(task.code));
    });
    for (const TaskDefinition& task : workflow.tasks) {
      const Workflow* const child = task.type == kSubProcess ? sub_workflow(plan.workflows, task) : nullptr;
      if (child != nullptr && seen.insert(child).second) open.push_back(child);
    }
    reached.push_back(std::move(workflow));
  }
  return reached;
}

std::set<std::string> plugin_types(const std::vector<Workflow>& workflows) {
  std::set<std::string> types;
  for (const Workflow& workflow : workflows)
    for (const TaskDefinition& task : workflow.tasks)
      if (!is_logic(task.type)) types.insert(task.type);
  return types;
}

Status check_before_run(std::string_view text, const RunPlan& plan, const Catalog& catalog,
                        const FindResource& find_resource) {
  const std::vector<Workflow> workflows = reachable(plan);
  Problems problems(text);
  for (const Workflow& workflow : workflows) {
    const auto original = std::find_if(plan.workflows.begin(), plan.workflows.end(),
                                       [&](const Workflow& other) { return other.code == workflow.code; });
    for (const TaskDefinition& task : workflow.tasks)
      if (!is_logic(task.type))
        check_task(text, pointer_of(text, plan, *original, task), task, catalog, find_resource, problems);
  }
  std::string message = problems.empty() ? "" : problems.error().message();
  for (const std::string& sentence : unsupported(workflows)) {
    if (!message.empty()) message += '\n';
    message += sentence;
  }
  if (message.empty()) return {};
  return fail(ErrorCode::kInvalid, message);
}

}  // namespace porpoise
