// What a replay of a workflow would do, without doing it: the order of the tasks, what runs each, and the features of
// DolphinScheduler it uses with what a local run makes of them. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "plugin/catalog.h"
#include "workflow/workflow.h"

namespace porpoise {

std::string list_workflow(const Workflow& workflow, const Catalog& catalog, std::size_t width, bool colors);

}  // namespace porpoise
