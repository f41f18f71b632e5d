// Placeholders of DolphinScheduler 3.1 in a text: `${name}` and `$[time expression]` (3.1 `ParameterUtils`).
//
// Pure functions: the moment and the zone are passed in. Hostile input ends as an error, never as a blow-up: nesting
// and the bytes that may be read and written in one call are capped.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time_zone.h"

namespace porpoise {

struct ExpandTime {
  std::int64_t now_ms = 0;      // epoch
  TimeZone zone = utc();        // of every written or read time
  std::string schedule_time{};  // yyyyMMddHHmmss or empty
};

using ParameterValues = std::map<std::string, std::string>;

// Base of `$[…]`: the value "system.datetime", else the schedule time, else now. When the first that exists is no
// yyyyMMddHHmmss, `$[…]` stays as it is (so does 3.1). Unknown names stay as well, with all that is inside them.
// Errors (ErrorCode::kInvalid) name the place: "circular reference ${a} -> ${b} -> ${a} at line 1, column 6".
Result<std::string> expand(std::string_view text, const ParameterValues& values, const ExpandTime& time);

}  // namespace porpoise
