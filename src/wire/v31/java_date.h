// Dates as 3.1 writes and reads them: `SimpleDateFormat("yyyy-MM-dd HH:mm:ss")`, lenient, without a zone, in the zone
// that master and worker share. Pure functions; times are epoch milliseconds and must lie in the years 1..9999.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time_zone.h"

namespace porpoise::wire {

// Fields past their range carry over (25:00 is 1:00 of the next day), text after the seconds is ignored. Where clocks
// are set back the later moment is meant, as `GregorianCalendar` has it.
std::optional<std::int64_t> parse_date(std::string_view text, const TimeZone& zone);

// Whether a date can be written at all.
bool is_date(std::int64_t epoch_ms, const TimeZone& zone);

// Empty when it is no date.
std::string date_text(std::int64_t epoch_ms, const TimeZone& zone);
std::string compact_date_text(std::int64_t epoch_ms, const TimeZone& zone);  // yyyyMMddHHmmss

}  // namespace porpoise::wire
