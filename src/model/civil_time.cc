#include "model/civil_time.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace porpoise {
namespace {

constexpr std::array kWidths = {4, 2, 2, 2, 2, 2};  // yyyy MM dd HH mm ss
constexpr std::size_t kTextSize = 14;

std::optional<std::array<int, kWidths.size()>> split_digits(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != kTextSize || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::array<int, kWidths.size()> fields{};
  const char* at = text.data();
  for (std::size_t i = 0; i < kWidths.size(); ++i) at = std::from_chars(at, at + kWidths[i], fields[i]).ptr;
  return fields;
}

}  // namespace

CivilTime civil_time(std::int64_t epoch_ms, const TimeZone& zone) {
  const std::int64_t rest_ms = ((epoch_ms % 1000) + 1000) % 1000;
  const std::int64_t epoch = (epoch_ms - rest_ms) / 1000;
  return {epoch + zone.utc_offset(epoch).count(), static_cast<std::int32_t>(rest_ms) * 1000000};
}

std::int64_t epoch_seconds(const CivilTime& time, const TimeZone& zone) {
  // A zone changes its offset at most once within two days, so these are the only candidates.
  const std::int64_t before = zone.utc_offset(time.seconds - CivilTime::kSecondsPerDay).count();
  const std::int64_t after = zone.utc_offset(time.seconds + CivilTime::kSecondsPerDay).count();
  if (zone.utc_offset(time.seconds - before).count() == before) return time.seconds - before;
  if (zone.utc_offset(time.seconds - after).count() == after) return time.seconds - after;
  return time.seconds - before;
}

std::optional<CivilTime> parse_civil_time(std::string_view text) {
  namespace chrono = std::chrono;
  const auto fields = split_digits(text);
  if (!fields) return std::nullopt;
  const auto [year, month, day, hour, minute, second] = *fields;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const chrono::year_month_day_last last = chrono::year(year) / month / chrono::last;
  const chrono::day clipped = std::min(chrono::day(static_cast<unsigned>(day)), last.day());
  const chrono::sys_days date = chrono::year_month_day(last.year(), last.month(), clipped);
  return CivilTime{hour * 3600 + minute * 60 + second, 0}.on(date);
}

}  // namespace porpoise
