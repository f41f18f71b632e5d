#include "replay/preflight.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "plugin/note.h"
#include "progress/output.h"
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

// `find_place` reads the whole file, so it is asked for what is wrong alone.
void check_task(std::string_view text, const std::function<Pointer()>& find_place, const TaskDefinition& task,
                const Catalog& catalog, const FindResource& find_resource, Problems& problems) {
  const std::string subject = "task '" + task.name + "': ";
  const CatalogEntry* const entry = catalog.find(task.type);
  if (entry == nullptr)
    return problems.add(existing(text, find_place() / "taskType"),
                        subject + catalog.unknown_type(task.type).message() + ways_round(task.name));
  for (const SchemaProblem& problem : check_params(entry->type.params_schema, task.params)) {
    const Pointer place = existing(text, find_place() / "taskParams" / Pointer(problem.pointer));
    const std::string parameter = problem.pointer.empty() ? "taskParams" : problem.pointer.substr(1);
    problems.add(place, subject + parameter + " " + problem.message);
  }
  if (!find_resource) return;
  for (const std::string& name : task.resources)
    if (const Status found = find_resource(name); !found)
      problems.add(existing(text, find_place() / "taskParams" / "resourceList"), subject + found.error().to_string());
}

}  // namespace

bool runs(const TaskDefinition& task) { return task.enabled && !task.left_out && !task.assumed; }

std::vector<Workflow> reachable(const RunPlan& plan) {
  std::vector<Workflow> reached;
  std::deque<const Workflow*> open{&plan.root};
  std::set<const Workflow*> seen{&plan.root};
  for (; !open.empty(); open.pop_front()) {
    Workflow workflow = *open.front();
    const bool is_root = open.front() == &plan.root;
    std::erase_if(workflow.tasks, [&](const TaskDefinition& task) {
      return !runs(task) || (is_root && plan.only && !plan.only->contains(task.code));
    });
    for (const TaskDefinition& task : workflow.tasks) {
      const Workflow* const child = task.type == kSubProcess ? sub_workflow(plan.workflows, task) : nullptr;
      if (child != nullptr && seen.insert(child).second) open.push_back(child);
    }
    reached.push_back(std::move(workflow));
  }
  return reached;
}

std::string unnamed_resources(const std::vector<Workflow>& workflows) {
  std::map<std::int64_t, std::vector<std::string>> wanted;
  for (const Workflow& workflow : workflows)
    for (const TaskDefinition& task : workflow.tasks)
      for (const std::int64_t id : task.resource_ids) wanted[id].push_back("'" + task.name + "'");
  if (wanted.empty()) return {};
  std::string ids, options;
  for (const auto& [id, tasks] : wanted) {
    ids += (ids.empty() ? "" : "; ") + std::to_string(id) + " of " + joined(tasks, ", ");
    options += " --resource " + std::to_string(id) + "=/FULL/NAME";
  }
  return "resources are known by ids only, which mean something in their cluster alone (" + ids +
         "); say which file each is, below the folder of --resources:" + options;
}

std::set<std::string> plugin_types(const std::vector<Workflow>& workflows) {
  std::set<std::string> types;
  for (const Workflow& workflow : workflows)
    for (const TaskDefinition& task : workflow.tasks)
      if (!is_logic(task.type)) types.insert(task.type);
  return types;
}

namespace {

constexpr std::uint64_t kMaxTaskRuns = 100'000;
constexpr std::uint64_t kCountedTo = 1'000'000'000'000'000'000;  // what is more is called as many

// The tasks that running each workflow comes to, those of the workflows that it starts among them: each start counts
// anew. What leads back to itself has no number, nor has what starts it.
std::map<const Workflow*, std::uint64_t> count_task_runs(const std::vector<Workflow>& workflows) {
  std::map<const Workflow*, std::vector<const Workflow*>> starters;  // each start once
  std::map<const Workflow*, std::size_t> uncounted;                  // starts whose workflow has no number yet
  std::map<const Workflow*, std::uint64_t> counts, numbers;
  std::vector<const Workflow*> open;
  for (const Workflow& workflow : workflows) {
    numbers[&workflow] = workflow.tasks.size();
    for (const TaskDefinition& task : workflow.tasks) {
      const Workflow* const child = task.type == kSubProcess ? sub_workflow(workflows, task) : nullptr;
      if (child == nullptr) continue;
      starters[child].push_back(&workflow);
      ++uncounted[&workflow];
    }
    if (uncounted[&workflow] == 0) open.push_back(&workflow);
  }
  while (!open.empty()) {
    const Workflow* const counted = open.back();
    open.pop_back();
    const std::uint64_t number = counts[counted] = numbers[counted];
    for (const Workflow* const starter : starters[counted]) {
      numbers[starter] = std::min(numbers[starter] + number, kCountedTo);
      if (--uncounted[starter] == 0) open.push_back(starter);
    }
  }
  return counts;
}

// `workflows` as of reachable(): nested starts multiply, and a small file can ask for more than any machine can run.
std::string refuse_size(const std::vector<Workflow>& workflows) {
  const auto counts = count_task_runs(workflows);
  const auto root = counts.find(&workflows.front());
  if (root == counts.end() || root->second <= kMaxTaskRuns) return {};
  return "workflow '" + escape_controls(workflows.front().name) + "' would run " +
         (root->second == kCountedTo ? "at least " : "") + std::to_string(root->second) +
         " tasks, as each start of a workflow by a SUB_PROCESS counts; the limit is " + std::to_string(kMaxTaskRuns);
}

struct Checked {
  std::string message;             // a line for each problem; empty: there is none
  std::set<std::int64_t> refused;  // tasks of the root
};

Checked check_plan(std::string_view text, const RunPlan& plan, const Catalog& catalog,
                   const FindResource& find_resource) {
  const std::vector<Workflow> workflows = reachable(plan);
  Checked checked;
  Problems problems(text);
  const auto refuse = [&](std::int64_t workflow, std::int64_t task) {
    if (workflow == plan.root.code) checked.refused.insert(task);
  };
  for (const Workflow& workflow : workflows) {
    const auto original = std::find_if(plan.workflows.begin(), plan.workflows.end(),
                                       [&](const Workflow& other) { return other.code == workflow.code; });
    for (const TaskDefinition& task : workflow.tasks) {
      const std::size_t before = problems.count();
      const auto place = [&] { return pointer_of(text, plan, *original, task); };
      if (!is_logic(task.type)) check_task(text, place, task, catalog, find_resource, problems);
      if (problems.count() > before || (find_resource && !task.resource_ids.empty())) refuse(workflow.code, task.code);
    }
  }
  std::vector<std::string> lines;
  if (!problems.empty()) lines.push_back(problems.error().message());
  for (const UnsupportedTask& refusal : unsupported(workflows)) {
    lines.push_back(refusal.sentence);
    refuse(refusal.workflow, refusal.task);
  }
  if (std::string too_many = refuse_size(workflows); !too_many.empty()) lines.push_back(std::move(too_many));
  if (const std::string unnamed = unnamed_resources(workflows); find_resource && !unnamed.empty())
    lines.push_back(unnamed);
  checked.message = joined(lines, "\n");
  return checked;
}

}  // namespace

Status check_before_run(std::string_view text, const RunPlan& plan, const Catalog& catalog,
                        const FindResource& find_resource) {
  const Checked checked = check_plan(text, plan, catalog, find_resource);
  if (checked.message.empty()) return {};
  return fail(ErrorCode::kInvalid, checked.message);
}

namespace {

// The number of tasks on the longest way to each task; those of one stage may run at the same time.
std::map<std::int64_t, std::size_t> stages_of(const Workflow& workflow) {
  std::map<std::int64_t, std::size_t> stages, waiting;
  std::map<std::int64_t, std::vector<std::int64_t>> after;
  for (const Edge& edge : workflow.edges) {
    after[edge.pre].push_back(edge.post);
    ++waiting[edge.post];
  }
  std::vector<std::int64_t> open;
  for (const TaskDefinition& task : workflow.tasks)
    if (waiting[task.code] == 0) open.push_back(task.code);
  while (!open.empty()) {
    const std::int64_t code = open.back();
    open.pop_back();
    for (const std::int64_t next : after[code]) {
      stages[next] = std::max(stages[next], stages[code] + 1);
      if (--waiting[next] == 0) open.push_back(next);
    }
  }
  return stages;
}

std::string runs_by(const TaskDefinition& task, const Catalog& catalog) {
  if (task.left_out) return "left out";
  if (!task.enabled) return "nothing";
  if (task.assumed) return "assumed";
  if (task.type == kConditions || task.type == kSubProcess) return "replay";
  if (task.type == kDependent || task.type == kBlocking) return "refused";
  const CatalogEntry* const entry = catalog.find(task.type);
  return entry == nullptr ? "no plugin" : entry->file.filename().string();
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    lines.emplace_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

std::string minutes_text(std::chrono::minutes minutes) { return std::to_string(minutes.count()) + " min"; }

std::vector<std::string> remarks_of(const TaskDefinition& task) {
  std::vector<std::string> remarks;
  if (!task.enabled) remarks.emplace_back("flag NO: passed through");
  if (task.delay.count() > 0) remarks.push_back("delay " + minutes_text(task.delay));
  if (task.retry_times > 0)
    remarks.push_back(std::to_string(task.retry_times) + " retries every " + minutes_text(task.retry_interval));
  if (task.timeout_open && task.timeout.count() > 0)
    remarks.push_back((task.timeout_strategy == TimeoutStrategy::kWarn ? "warns after " : "ended after ") +
                      minutes_text(task.timeout));
  if (task.worker_group != "default") remarks.push_back("worker group " + task.worker_group + " ignored");
  if (task.environment_code != -1) remarks.emplace_back("environment ignored: use --env-file");
  if (!task.resources.empty()) remarks.push_back("--resources must have " + joined(task.resources, ", "));
  for (const std::int64_t id : task.resource_ids)
    remarks.push_back("needs --resource " + std::to_string(id) + "=/FULL/NAME");
  if (task.cpu_quota != -1 || task.memory_max != -1) remarks.emplace_back("CPU and memory limits ignored");
  return remarks;
}

// "branch 1 → 'a', default → 'b'": where a SWITCH or CONDITIONS task may lead.
std::string branches_of(const Workflow& workflow, const TaskDefinition& task) {
  std::vector<std::string> parts;
  for (const BranchSlot& slot : branch_slots(task.type, task.params)) {
    std::vector<std::string> names;
    for (const std::int64_t code : slot.codes) names.push_back("'" + workflow.name_of(code) + "'");
    parts.push_back(slot.slot + " → " + (names.empty() ? "no task" : joined(names, " and ")));
  }
  return joined(parts, ", ");
}

// The names of the tasks directly before each task, in the order of the workflow's tasks.
std::map<std::int64_t, std::vector<std::string>> names_before(const Workflow& workflow) {
  std::map<std::int64_t, std::vector<std::int64_t>> after;
  for (const Edge& edge : workflow.edges) after[edge.pre].push_back(edge.post);
  std::map<std::int64_t, std::vector<std::string>> before;
  for (const TaskDefinition& task : workflow.tasks)
    for (const std::int64_t post : after[task.code]) before[post].push_back(task.name);
  return before;
}

}  // namespace

Listing list_workflow(std::string_view text, const RunPlan& plan, const Catalog& catalog,
                      const FindResource& find_resource) {
  Checked checked = check_plan(text, plan, catalog, find_resource);
  Listing listing;
  listing.workflow = plan.root.name;
  listing.refusal = std::move(checked.message);
  const auto stages = stages_of(plan.root);
  auto before = names_before(plan.root);
  for (const TaskDefinition& task : plan.root.tasks) {
    if (plan.only && !plan.only->contains(task.code)) continue;
    const auto stage = stages.find(task.code);
    ListedTask listed{task.name,
                      task.type,
                      stage == stages.end() ? 1 : stage->second + 1,
                      runs_by(task, catalog),
                      before[task.code],
                      remarks_of(task),
                      checked.refused.contains(task.code)};
    if (std::string branches = branches_of(plan.root, task); !branches.empty())
      listed.remarks.insert(listed.remarks.begin(), std::move(branches));
    listing.tasks.push_back(std::move(listed));
  }
  std::stable_sort(listing.tasks.begin(), listing.tasks.end(),
                   [](const ListedTask& left, const ListedTask& right) { return left.stage < right.stage; });
  return listing;
}

std::string to_text(const Listing& listing, std::size_t width, bool colors) {
  Table table({{"stage", true}, {"task"}, {"type"}, {"run by"}, {"after"}, {"remarks"}});
  for (const ListedTask& task : listing.tasks) {
    const std::string by = task.refused && task.run_by != "no plugin" ? "refused" : task.run_by;
    table.add_row({{std::to_string(task.stage)},
                   {printable(task.name, false), Color::kBold},
                   {task.type},
                   {by, task.refused ? Color::kRed : Color::kNone},
                   {printable(joined(task.after, ", "), false)},
                   {printable(joined(task.remarks, "; "), false), Color::kDim}});
  }
  std::string text = "workflow " + printable(listing.workflow, false) + "\n" + table.render(width, colors);
  if (listing.refusal.empty()) return text;
  text += "\na run would refuse:\n";
  for (const std::string& line : lines_of(listing.refusal)) text += "  " + printable(line, false) + "\n";
  return text;
}

OrderedJson to_json(const Listing& listing) {
  OrderedJson tasks = OrderedJson::array();
  for (const ListedTask& task : listing.tasks)
    tasks.push_back({{"task", task.name},
                     {"type", task.type},
                     {"stage", task.stage},
                     {"runBy", task.run_by},
                     {"after", task.after},
                     {"remarks", task.remarks},
                     {"refused", task.refused}});
  return {{"workflow", listing.workflow}, {"tasks", std::move(tasks)}, {"refusals", lines_of(listing.refusal)}};
}

}  // namespace porpoise
