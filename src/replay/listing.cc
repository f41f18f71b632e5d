#include "replay/listing.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "progress/table.h"
#include "progress/text_width.h"

namespace porpoise {
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
  if (task.type == kConditions || task.type == kSubProcess) return "replay";
  if (task.type == kDependent || task.type == kBlocking || task.stream) return "refused";
  const CatalogEntry* const entry = catalog.find(task.type);
  return entry == nullptr ? "no plugin" : entry->file.filename().string();
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string minutes_text(std::chrono::minutes minutes) { return std::to_string(minutes.count()) + " min"; }

std::string remarks_of(const TaskDefinition& task) {
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
  if (task.cpu_quota != -1 || task.memory_max != -1) remarks.emplace_back("CPU and memory limits ignored");
  return joined(remarks, "; ");
}

std::string names_of(const Workflow& workflow, const std::vector<std::int64_t>& codes) {
  std::vector<std::string> names;
  for (const std::int64_t code : codes) names.push_back(workflow.name_of(code));
  return joined(names, ", ");
}

}  // namespace

std::string list_workflow(const Workflow& workflow, const Catalog& catalog, std::size_t width, bool colors) {
  const auto stages = stages_of(workflow);
  const auto stage_of = [&](const TaskDefinition* task) {
    const auto found = stages.find(task->code);
    return found == stages.end() ? 0 : found->second;
  };
  std::vector<const TaskDefinition*> ordered;
  for (const TaskDefinition& task : workflow.tasks) ordered.push_back(&task);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const auto* left, const auto* right) { return stage_of(left) < stage_of(right); });
  Table table({{"stage", true}, {"task"}, {"type"}, {"run by"}, {"after"}, {"remarks"}});
  for (const TaskDefinition* const task : ordered) {
    const std::string by = runs_by(*task, catalog);
    const Color color = by == "refused" || by == "no plugin" ? Color::kRed : Color::kNone;
    table.add_row({{std::to_string(stage_of(task) + 1)},
                   {printable(task->name, false), Color::kBold},
                   {task->type},
                   {by, color},
                   {printable(names_of(workflow, workflow.upstream(task->code)), false)},
                   {printable(remarks_of(*task), false), Color::kDim}});
  }
  return "workflow " + printable(workflow.name, false) + "\n" + table.render(width, colors);
}

}  // namespace porpoise
