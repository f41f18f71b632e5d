// Wall clock readings, their way from and to epoch time in a zone, and their texts: the patterns and the `$[…]` of 3.1.
//
// Pure values and functions; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace porpoise {

// What a clock on the wall shows, in the proleptic Gregorian calendar.
struct CivilTime {
  std::int64_t seconds = 0;  // since 1970-01-01 00:00:00 of that same clock
  std::int32_t nanos = 0;

  std::chrono::sys_days day() const { return std::chrono::sys_days(std::chrono::days(floor_days())); }
  std::chrono::year_month_day date() const { return day(); }
  std::int64_t second_of_day() const { return seconds - floor_days() * kSecondsPerDay; }
  // The same time of another day.
  CivilTime on(std::chrono::sys_days other) const {
    return {other.time_since_epoch().count() * kSecondsPerDay + second_of_day(), nanos};
  }

  // Whether its year is one of 1..9999, which is all that times here may be.
  bool in_calendar() const { return seconds >= -62135596800 && seconds <= 253402300799; }

  static constexpr std::int64_t kSecondsPerDay = 86400;

 private:
  std::int64_t floor_days() const {
    return seconds >= 0 ? seconds / kSecondsPerDay : -((-seconds + kSecondsPerDay - 1) / kSecondsPerDay);
  }
};

CivilTime civil_time(std::int64_t epoch_ms, const TimeZone& zone);

// Where clocks are set back the earlier moment is meant; in the hour that does not exist the clock continues as before
// the change. java.time resolves both that way.
std::int64_t epoch_seconds(const CivilTime& time, const TimeZone& zone);

// Reads "yyyyMMddHHmmss"; a day after the month's end becomes its last, as java.time reads it.
std::optional<CivilTime> parse_civil_time(std::string_view text);

// Writes a time by a java.time DateTimeFormatter pattern, in the Java locale "en". All pattern letters of Java 8 but
// those of a zone: 3.1 formats a LocalDateTime, which has none, and fails there. Weeks begin on Sunday, the first of a
// year is that of 1 January. Years outside 1..9999 are an error.
Result<std::string> format_time(std::string_view pattern, const CivilTime& time);

// --- The inside of `$[…]`: a time, shifted by arithmetic and written by a pattern, in time_expression.cc.

// The arithmetic: `+ - * /`, parentheses and signs over 32-bit integers. Division truncates; spaces are allowed at the
// ends only (3.1 `CalculateUtils`). Overflow is an error, where Java wraps.
Result<std::int32_t> evaluate_integer(std::string_view expression);

// The whole (3.1 `TimePlaceholderUtils`): FMT, FMT+E, FMT-E (E in days, n/24 hours, n/24/60 minutes),
// add_months(FMT,E), month_begin, month_end, week_begin and week_end(FMT,E) (E in days), timestamp(X). Errors do not
// repeat the expression.
Result<std::string> evaluate_time_expression(std::string_view expression, std::int64_t base_ms, const TimeZone& zone);

}  // namespace porpoise
