// The inside of `$[…]`: a time, shifted by arithmetic and written by a pattern. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace porpoise {

// The arithmetic inside time expressions: `+ - * /`, parentheses and signs over 32-bit integers. Pure function.

// Division truncates; spaces are allowed at the ends only (3.1 `CalculateUtils`). Overflow is an error, where Java
// wraps.
Result<std::int32_t> evaluate_integer(std::string_view expression);

// The inside of `$[…]`: a time, shifted and written by a pattern (3.1 `TimePlaceholderUtils`). Pure function.

// FMT, FMT+E, FMT-E (E in days, n/24 hours, n/24/60 minutes), add_months(FMT,E), month_begin, month_end, week_begin and
// week_end(FMT,E) (E in days), timestamp(X). Errors do not repeat the expression.
Result<std::string> evaluate_time_expression(std::string_view expression, std::int64_t base_ms, const TimeZone& zone);

}  // namespace porpoise
