#include "workflow/import.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "workflow/workflow.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxDangling = 100;
constexpr std::size_t kMaxAlternatives = 10;

using Codes = std::vector<std::int64_t>;

// What the slots of one SWITCH or CONDITIONS task point at, and what they may point at.
struct Links {
  const TaskDefinition* task;
  std::vector<BranchSlot> slots;  // "depends" first: they come first in the flow
  Codes before, after;            // direct upstream and downstream tasks
};

struct Stale {
  const BranchSlot* slot;
  std::int64_t code;
};

bool is_branch(const BranchSlot& slot) { return !slot.slot.starts_with("depends"); }

bool contains(const Codes& codes, std::int64_t code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

Links links_of(const Workflow& workflow, const TaskDefinition& task) {
  Links links{&task, depend_slots(task.type, task.params), {}, {}};
  for (BranchSlot& slot : branch_slots(task.type, task.params)) links.slots.push_back(std::move(slot));
  if (links.slots.empty()) return links;
  links.before = workflow.upstream(task.code);
  links.after = workflow.downstream(task.code);
  return links;
}

// A branch must lead to a direct downstream task. A condition may look at any task of the workflow, as 3.1
// `ConditionTaskProcessor` does, or at none: code 0.
std::vector<Stale> stale_of(const Workflow& workflow, const Links& links) {
  std::vector<Stale> found;
  if (links.slots.empty()) return found;
  const std::set<std::int64_t> downstream(links.after.begin(), links.after.end());
  std::set<std::int64_t> all{0};
  for (const TaskDefinition& task : workflow.tasks) all.insert(task.code);
  for (const BranchSlot& slot : links.slots)
    for (const std::int64_t code : slot.codes)
      if (!(is_branch(slot) ? downstream : all).contains(code)) found.push_back({&slot, code});
  return found;
}

std::vector<std::string> names(const Workflow& workflow, const Codes& codes) {
  const std::set<std::int64_t> wanted(codes.begin(), codes.end());
  std::vector<std::string> found;
  for (const TaskDefinition& task : workflow.tasks)
    if (wanted.contains(task.code)) found.push_back(task.name);
  return found;
}

std::string comma_joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (std::size_t i = 0; i < std::min(texts.size(), kMaxAlternatives); ++i)
    joined += (i == 0 ? "'" : ", '") + texts[i] + "'";
  return joined + (texts.size() > kMaxAlternatives ? ", …" : "");
}

// Writes `codes` where the slot has its own: a list where there was a list, else one code.
void write_slot(TaskDefinition& task, const BranchSlot& slot, const Codes& codes) {
  Json params = task.params;
  const bool was_list = params.contains(slot.pointer) && params.at(slot.pointer).is_array();
  params[slot.pointer] = was_list || codes.size() != 1 ? Json(codes) : Json(codes.front());
  set_params(task, std::move(params));
}

void replace(Workflow& workflow, std::int64_t task_code, const BranchSlot& slot, const Codes& old_codes,
             std::int64_t target) {
  Codes codes;
  for (std::int64_t code : slot.codes) {
    if (contains(old_codes, code)) code = target;
    if (!contains(codes, code)) codes.push_back(code);
  }
  if (codes.empty()) codes.push_back(target);
  const auto task = std::find_if(workflow.tasks.begin(), workflow.tasks.end(),
                                 [&](const TaskDefinition& one) { return one.code == task_code; });
  write_slot(*task, slot, codes);
}

// The one task that stale branch codes can mean: they are all the same code, and one downstream task is left over.
std::optional<std::int64_t> only_branch(const Links& links, const std::vector<Stale>& stale) {
  std::set<std::int64_t> stale_codes, used;
  for (const Stale& one : stale)
    if (is_branch(*one.slot)) stale_codes.insert(one.code);
  for (const BranchSlot& slot : links.slots)
    if (is_branch(slot)) used.insert(slot.codes.begin(), slot.codes.end());
  Codes unused = links.after;
  std::erase_if(unused, [&](std::int64_t code) { return used.contains(code); });
  return stale_codes.size() == 1 && unused.size() == 1 ? std::optional(unused.front()) : std::nullopt;
}

// The one task that a stale "depends" can mean.
std::optional<std::int64_t> only_upstream(const Links& links) {
  return links.before.size() == 1 ? std::optional(links.before.front()) : std::nullopt;
}

void mend(Workflow& workflow, std::size_t task_index, std::vector<std::string>& said) {
  const Links links = links_of(workflow, workflow.tasks[task_index]);
  const std::vector<Stale> stale = stale_of(workflow, links);
  if (stale.empty() || stale.size() > kMaxDangling) return;
  const auto branch = only_branch(links, stale);
  const auto upstream = only_upstream(links);
  for (const Stale& one : stale) {
    const auto target = is_branch(*one.slot) ? branch : upstream;
    if (!target) continue;
    replace(workflow, links.task->code, *one.slot, {one.code}, *target);
    said.push_back("task '" + links.task->name + "': '" + one.slot->slot + "' pointed at code " +
                   std::to_string(one.code) + ", which is no task it could mean; taken as '" +
                   workflow.name_of(*target) + "', the only one that is left");
  }
}

std::string options_for(const Dangling& dangling) {
  std::string lines = "\ntask '" + dangling.task_name + "', '" + dangling.slot + "' points at code " +
                      std::to_string(dangling.stale_code) + "; give ";
  lines += dangling.candidates.empty() ? "it a task to lead to: no other task is connected to it" : "one of";
  for (std::size_t i = 0; i < std::min(dangling.candidates.size(), kMaxAlternatives); ++i)
    lines += "\n  --relink " + shell_quoted(dangling.task_name + ":" + dangling.slot + "=" + dangling.candidates[i]);
  return lines;
}

struct Option {
  const TaskDefinition* task = nullptr;
  std::string slot;
  std::string target;
};

// Names may contain ':' and '=', so the task is the one whose name is followed by ':'.
Result<Option> parse_option(const Workflow& workflow, const std::string& option) {
  for (auto colon = option.find(':'); colon != std::string::npos; colon = option.find(':', colon + 1)) {
    const auto equals = option.find('=', colon);
    const TaskDefinition* task = workflow.find(option.substr(0, colon));
    if (task == nullptr || equals == std::string::npos) continue;
    return Option{task, option.substr(colon + 1, equals - colon - 1), option.substr(equals + 1)};
  }
  std::vector<std::string> known;
  for (const TaskDefinition& task : workflow.tasks)
    if (task.type == kSwitch || task.type == kConditions) known.push_back(task.name);
  return fail(ErrorCode::kInvalid,
              "--relink " + shell_quoted(option) + " is not of the form 'TASK:SLOT=TARGET'; " +
                  (known.empty() ? "workflow '" + workflow.name + "' has no SWITCH or CONDITIONS task"
                                 : "the tasks that have slots are " + comma_joined(known)));
}

Result<const BranchSlot*> find_slot(const Links& links, std::string name) {
  if (links.task->type == kSwitch && name == "success") name = "branch 1";
  if (links.task->type == kSwitch && name == "failure") name = "default";
  std::vector<std::string> known;
  for (const BranchSlot& slot : links.slots) {
    if (slot.slot == name) return &slot;
    known.push_back(slot.slot);
  }
  if (known.empty())
    return fail(ErrorCode::kInvalid, "--relink: task '" + links.task->name + "' is a " + links.task->type +
                                         ", and only SWITCH and CONDITIONS have branches");
  return fail(ErrorCode::kInvalid, "--relink: task '" + links.task->name + "' has no slot '" + name + "'" +
                                       did_you_mean(name, known) + "; it has " + comma_joined(known));
}

Result<std::int64_t> find_target(const Workflow& workflow, const Links& links, const BranchSlot& slot,
                                 const std::string& name) {
  const TaskDefinition* target = workflow.find(std::string_view(name));
  if (target != nullptr && (!is_branch(slot) || contains(links.after, target->code))) return target->code;
  const std::vector<std::string> candidates = names(workflow, is_branch(slot) ? links.after : links.before);
  return fail(ErrorCode::kInvalid, "--relink: '" + slot.slot + "' of task '" + links.task->name + "' cannot be '" +
                                       name + "'" + did_you_mean(name, candidates) + "; it can be " +
                                       comma_joined(candidates));
}

}  // namespace

std::vector<Dangling> find_dangling(const Workflow& workflow) {
  std::vector<Dangling> found;
  for (const TaskDefinition& task : workflow.tasks) {
    const Links links = links_of(workflow, task);
    for (const Stale& stale : stale_of(workflow, links)) {
      if (found.size() == kMaxDangling) return found;
      found.push_back({task.code, task.name, stale.slot->slot, stale.code,
                       names(workflow, is_branch(*stale.slot) ? links.after : links.before)});
    }
  }
  return found;
}

Status apply_relink(Workflow& workflow, std::string_view option) {
  PORPOISE_TRY(const Option parsed, parse_option(workflow, std::string(option)));
  const Links links = links_of(workflow, *parsed.task);
  PORPOISE_TRY(const BranchSlot* slot, find_slot(links, parsed.slot));
  PORPOISE_TRY(const std::int64_t target, find_target(workflow, links, *slot, parsed.target));
  Codes old_codes;
  for (const Stale& stale : stale_of(workflow, links))
    if (stale.slot == slot) old_codes.push_back(stale.code);
  replace(workflow, parsed.task->code, *slot, old_codes.empty() ? slot->codes : old_codes, target);
  return {};
}

Result<std::vector<std::string>> relink_by_only_reading(Workflow& workflow) {
  std::vector<std::string> said;
  for (std::size_t i = 0; i < workflow.tasks.size(); ++i) mend(workflow, i, said);
  const std::vector<Dangling> dangling = find_dangling(workflow);
  if (dangling.empty()) return said;
  std::string message = "task codes in workflow '" + workflow.name +
                        "' lead nowhere (the import of DolphinScheduler gives tasks new codes but leaves those inside "
                        "parameters), and they can be read in more than one way";
  for (const Dangling& one : dangling) message += options_for(one);
  return fail(ErrorCode::kInvalid, message);
}

}  // namespace porpoise
