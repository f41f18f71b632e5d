// Evaluates an ES5 expression to a Boolean, fenced in: for the conditions of SWITCH tasks.
//
// Each call forks a child that has an engine without any host object, no descriptor but a pipe for the answer, and
// limits. Whatever the expression does there, the caller gets an answer or an error that names the limit. May be called
// from any thread; it blocks for at most `wall`.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace porpoise {

struct ScriptLimits {
  std::chrono::milliseconds cpu{1000};
  std::size_t memory_bytes = 64U << 20U;  // of the engine's heap
  std::chrono::milliseconds wall{5000};
};

// The value of the last statement of `source`. Anything but true and false is an error that says what it was.
Result<bool> evaluate_boolean(std::string_view source, const ScriptLimits& limits = {});

}  // namespace porpoise
