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

// What a forked child gives up before it runs a condition, which is foreign code.

// Where the one descriptor that stays open is found.
constexpr int kFencedFd = 3;

// Call in a child whose signals are all blocked. Afterwards: no descriptor but `fd` (as kFencedFd), default signal
// handling, no core file, death with the parent, `on_cpu_limit` (a signal handler) once `cpu` is used up, and no system
// call but those to write, to read the clock and to exit. Where the kernel refuses to filter calls, the rest still
// holds.
void fence_in(int fd, std::chrono::milliseconds cpu, void (*on_cpu_limit)(int));

}  // namespace porpoise
