// What a file is that people take for an export of DolphinScheduler and that is none: an answer of the API, an error
// answer, an export of 1.3, a definition without its tasks. Each is named, with the way out. Pure; any thread.
#pragma once

#include <string>

#include "base/json.h"

namespace porpoise {

// One sentence; empty when `json`, a file or an element of its list, may be an exported workflow or task.
std::string describe_other_file(const Json& json);

}  // namespace porpoise
