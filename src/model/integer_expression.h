// The arithmetic inside time expressions: `+ - * /`, parentheses and signs over 32-bit integers. Pure function.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace porpoise {

// Division truncates; spaces are allowed at the ends only (3.1 `CalculateUtils`). Overflow is an error, where Java
// wraps.
Result<std::int32_t> evaluate_integer(std::string_view expression);

}  // namespace porpoise
