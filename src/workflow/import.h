// Reads what DolphinScheduler 3.1 to 3.3 exports ("batch-export"): an array of workflows, one of its elements, or one
// task definition alone, which becomes a workflow of one task; and mends the codes that an import of 3.1 has left
// stale. 3.3 has other names for the same things (`workflowDefinition`, `SUB_WORKFLOW`, …); here they have those
// of 3.1. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "workflow/workflow.h"

namespace porpoise {

// Errors are ErrorCode::kInvalid. The message holds one problem per line (ten at most), each with line:column, JSON
// pointer, the workflow and task it is in, and what to do: "12:7 /0/taskDefinitionList/2/name: …".
//
// Task types are not judged here (the plugin catalog knows them, see used_types), nor codes inside taskParams
// (see find_dangling). What the server would read, too, but hardly as it was meant, is in `remarks`, one sentence of
// each kind.
Result<std::vector<Workflow>> import_workflows(std::string_view text, std::vector<std::string>* remarks = nullptr);

// --- What a file is that people take for an export and that is none, in other_files.cc: an answer of the API, an error
// answer, an export of 1.3, a definition without its tasks.

// One sentence that names it, with the way out; empty when `json`, a file or an element of its list, may be an exported
// workflow or task.
std::string describe_other_file(const Json& json);

// --- Stale task codes inside SWITCH and CONDITIONS parameters, and how to mend them, in relink.cc.
//
// The import of 3.1 (`ProcessDefinitionServiceImpl`) gives every task a new code and leaves those in taskParams as they
// were, so the branches of an imported workflow point nowhere and a real master silently runs none of them.

// One place in a task's parameters whose code is not a task the place can mean.
struct Dangling {
  std::int64_t task = 0;
  std::string task_name;
  std::string slot;  // "branch 1", …, "default" (SWITCH); "success", "failure", "depends 1", … (CONDITIONS)
  std::int64_t stale_code = 0;
  std::vector<std::string> candidates;  // names: downstream tasks for a branch, upstream tasks for "depends"
};

// The first 100 of them, in the order of the tasks.
std::vector<Dangling> find_dangling(const Workflow& workflow);

// Applies one --relink option, 'TASK:SLOT=TARGET NAME': the target replaces the stale codes of the slot, or all of its
// codes when none is stale. A SWITCH takes "success" as "branch 1" and "failure" as "default".
Status apply_relink(Workflow& workflow, std::string_view option);

// Mends what can be read in one way only, and returns a sentence for each: a stale "depends" with one upstream task,
// one stale branch code with one downstream task that no branch leads to. What remains is an error that lists the
// --relink options to give.
Result<std::vector<std::string>> relink_by_only_reading(Workflow& workflow);

}  // namespace porpoise
