// JSON as DolphinScheduler 3.1 reads and writes it: Jackson 2.13 as 3.1 `JSONUtils` sets it up.
//
// Reading: members without a use here are ignored; null, an absent member and an empty array are the default; texts
// that hold numbers count as numbers and scalars as texts; an unknown name of an enum is null. Pure; a Members must not
// outlive the JSON it looks at.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace porpoise::wire {

// parse_json without the text it failed at in the error: that may be long, and a secret.
Result<Json> parse_body(std::string_view text);

// Null, or what Jackson takes for it.
bool is_null(const Json& value);

// The members of one object. Errors name the member: `member "taskExecutionContext.delayTime" is no whole number …`.
class Members {
 public:
  // `path` stands before the names in errors: empty, or "taskExecutionContext.".
  static Result<Members> of(const Json& json, std::string path);

  // The value of a member; nothing when it is null.
  const Json* find(std::string_view key) const;

  Result<std::string> text(std::string_view key) const;
  // A Java int; whole numbers only, except a JSON number with a fraction, which is cut off.
  Result<std::int64_t> int32(std::string_view key, std::int64_t fallback = 0) const;
  Result<std::int64_t> int64(std::string_view key, std::int64_t fallback = 0) const;
  Result<bool> flag(std::string_view key) const;
  // Epoch milliseconds; 0 when it is null.
  Result<std::int64_t> date(std::string_view key, const TimeZone& zone) const;
  // One of `names`, by name or by its place among them; else empty.
  Result<std::string> name_among(std::string_view key, std::initializer_list<std::string_view> names) const;

  // An error about one member: `member "…" <what>`.
  Error error(std::string_view key, std::string_view what) const;
  // The name of a member in errors, with the path.
  std::string full_name(std::string_view key) const;

 private:
  Members(const Json& object, std::string path) : object_(&object), path_(std::move(path)) {}

  const Json* object_;
  std::string path_;
};

// Compact, non-ASCII raw, control characters with upper-case digits; invalid UTF-8 becomes U+FFFD.
std::string write_json(const OrderedJson& json);

// Dates as 3.1 writes and reads them: `SimpleDateFormat("yyyy-MM-dd HH:mm:ss")`, lenient, without a zone, in the zone
// that master and worker share. Pure functions; times are epoch milliseconds and must lie in the years 1..9999.

// Fields past their range carry over (25:00 is 1:00 of the next day), text after the seconds is ignored. Where clocks
// are set back the later moment is meant, as `GregorianCalendar` has it.
std::optional<std::int64_t> parse_date(std::string_view text, const TimeZone& zone);

// Whether a date can be written at all.
bool is_date(std::int64_t epoch_ms, const TimeZone& zone);

// Empty when it is no date.
std::string date_text(std::int64_t epoch_ms, const TimeZone& zone);
std::string compact_date_text(std::int64_t epoch_ms, const TimeZone& zone);  // yyyyMMddHHmmss

}  // namespace porpoise::wire
