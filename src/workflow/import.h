// Reads what DolphinScheduler 3.1 exports ("batch-export"): an array of workflows, one of its elements, or one task
// definition alone, which becomes a workflow of one task. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "workflow/workflow.h"

namespace porpoise {

// Errors are ErrorCode::kInvalid. The message holds one problem per line (ten at most), each with line:column, JSON
// pointer, the workflow and task it is in, and what to do: "12:7 /0/taskDefinitionList/2/name: …".
//
// Task types are not judged here (the plugin catalog knows them, see used_types), nor codes inside taskParams
// (see find_dangling).
Result<std::vector<Workflow>> import_workflows(std::string_view text);

}  // namespace porpoise
