#include "wire/v31/java_date.h"

#include <array>
#include <charconv>

#include "model/civil_time.h"
#include "model/date_pattern.h"

namespace porpoise::wire {
namespace {

constexpr std::int64_t kMaxEpochMs = 253402300799999;  // 9999-12-31 23:59:59.999 UTC
constexpr std::int64_t kMinEpochMs = -62135596800000;  // 0001-01-01 00:00:00 UTC
constexpr int kMaxField = 1'000'000;                   // far above what any writer's fields reach, far below overflow

using Fields = std::array<int, 6>;  // year, month, day, hour, minute, second

std::optional<Fields> split(std::string_view text) {
  constexpr std::string_view kSeparators =
      "--"
      " ::";
  Fields fields{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0 && (at == end || *at++ != kSeparators[i - 1])) return std::nullopt;
    while (at != end && (*at == ' ' || *at == '\t')) ++at;  // SimpleDateFormat skips them before a number
    const auto number = std::from_chars(at, end, fields[i]);
    if (number.ec != std::errc() || fields[i] < 0 || fields[i] > kMaxField) return std::nullopt;
    at = number.ptr;
  }
  return fields;
}

std::int64_t epoch_of(const CivilTime& time, const TimeZone& zone) {
  const std::int64_t after = zone.utc_offset(time.seconds + CivilTime::kSecondsPerDay).count();
  if (zone.utc_offset(time.seconds - after).count() == after) return time.seconds - after;
  return epoch_seconds(time, zone);
}

std::string format(std::string_view pattern, std::int64_t epoch_ms, const TimeZone& zone) {
  if (!is_date(epoch_ms, zone)) return {};
  return format_time(pattern, civil_time(epoch_ms, zone)).value_or("");
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text, const TimeZone& zone) {
  namespace chrono = std::chrono;
  const auto fields = split(text);
  if (!fields) return std::nullopt;
  const auto [year, month, day, hour, minute, second] = *fields;
  const int month_index = month - 1 + 12;  // month 0 is the last of the year before
  const int real_year = year - 1 + month_index / 12;
  if (real_year < 1 || real_year > 9999) return std::nullopt;
  const chrono::sys_days first =
      chrono::year(real_year) / chrono::month(static_cast<unsigned>(month_index % 12 + 1)) / chrono::day(1);
  const std::int64_t days = first.time_since_epoch().count() + day - 1;
  const CivilTime time{days * CivilTime::kSecondsPerDay + std::int64_t{hour} * 3600 + minute * 60 + second, 0};
  if (!time.in_calendar()) return std::nullopt;
  return epoch_of(time, zone) * 1000;
}

bool is_date(std::int64_t epoch_ms, const TimeZone& zone) {
  return epoch_ms >= kMinEpochMs && epoch_ms <= kMaxEpochMs && civil_time(epoch_ms, zone).in_calendar();
}

std::string date_text(std::int64_t epoch_ms, const TimeZone& zone) {
  return format("yyyy-MM-dd HH:mm:ss", epoch_ms, zone);
}

std::string compact_date_text(std::int64_t epoch_ms, const TimeZone& zone) {
  return format("yyyyMMddHHmmss", epoch_ms, zone);
}

}  // namespace porpoise::wire
