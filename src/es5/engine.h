// The inside of the script child: one Duktape heap, one expression, one answer.
//
// Runs in a forked child only. It calls nothing that a fork could have left locked (no malloc, no stdio).
#pragma once

#include <string_view>

#include "es5/arena.h"

namespace porpoise {

// First byte of an answer; a text for people follows it, but for kTrue and kFalse.
enum class Answer : char {
  kTrue = 'T',
  kFalse = 'F',
  kOther = 'O',   // the value's type and text
  kThrown = 'E',  // the exception
  kMemory = 'M',
  kCpu = 'C',
};

// Evaluates with memory from `arena` alone and calls `give` once.
void run_engine(std::string_view source, Arena& arena, void (*give)(Answer, std::string_view text));

}  // namespace porpoise
