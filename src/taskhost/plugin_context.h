// What a plugin is told of its task besides the parameters: `context_json`, by include/porpoise/context.schema.json.
//
// Pure. The schema is a promise to plugins; request.json, from which this is mapped, is porpoise's own and may change.
#pragma once

#include "base/json.h"
#include "model/request.h"

namespace porpoise {

// A document of "porpoise.context/1". What is meant for the host alone is not in it: the plugin's file and memory
// limit, the environment that its children get, and what keeps the working directory.
Json plugin_context(const TaskRequest& request);

}  // namespace porpoise
