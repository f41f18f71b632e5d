// The inside of `$[…]`: a time, shifted and written by a pattern (3.1 `TimePlaceholderUtils`). Pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time_zone.h"

namespace porpoise {

// FMT, FMT+E, FMT-E (E in days, n/24 hours, n/24/60 minutes), add_months(FMT,E), month_begin, month_end, week_begin and
// week_end(FMT,E) (E in days), timestamp(X). Errors do not repeat the expression.
Result<std::string> evaluate_time_expression(std::string_view expression, std::int64_t base_ms, const TimeZone& zone);

}  // namespace porpoise
