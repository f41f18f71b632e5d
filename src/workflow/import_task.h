// One entry of taskDefinitionList. Used by import only; pure.
#pragma once

#include "workflow/import_cursor.h"
#include "workflow/workflow.h"

namespace porpoise {

// Findings go to the cursor's Problems; the result is complete when there were none.
TaskDefinition import_task(const Cursor& cursor);

}  // namespace porpoise
