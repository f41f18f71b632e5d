#include "wire/v31/json_dialect.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "model/date_time.h"

namespace porpoise::wire {
namespace {

// Of one message. The largest that a master writes is a dispatch, with a handful of values per parameter.
constexpr std::size_t kMaxValues = 200'000;

// String.trim().
std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The trimmed text of a JSON string, where an empty one and "null" stand for null (Jackson `_hasTextualNull`).
std::optional<std::string_view> trimmed_text(const Json& value) {
  const std::string_view text = trim(value.get_ref<const std::string&>());
  if (text.empty() || text == "null") return std::nullopt;
  return text;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> whole_number(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const double number = std::trunc(value.get<double>());
    if (!(std::abs(number) < 0x1p63)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  return std::nullopt;
}

}  // namespace

Result<Json> parse_body(std::string_view text) {
  auto json = parse_json(text, {.max_values = kMaxValues});
  if (json) return json;
  const std::string& message = json.error().message();
  return fail(ErrorCode::kInvalid, message.substr(0, message.find("; last read")));
}

bool is_null(const Json& value) { return value.is_null() || (value.is_array() && value.empty()); }

Result<Members> Members::of(const Json& json, std::string path) {
  if (json.is_object()) return Members(json, std::move(path));
  if (!path.empty()) path.pop_back();
  return fail(ErrorCode::kInvalid, (path.empty() ? "body" : "member \"" + path + "\"") + " is not a JSON object");
}

const Json* Members::find(std::string_view key) const {
  const auto found = object_->find(key);
  return found == object_->end() || is_null(*found) ? nullptr : &*found;
}

Result<std::string> Members::text(std::string_view key) const {
  const Json* const value = find(key);
  if (value == nullptr) return std::string();
  if (value->is_string()) return value->get<std::string>();
  if (value->is_structured()) return fail(error(key, "is not a text"));
  return value->dump();
}

Result<std::int64_t> Members::int64(std::string_view key, std::int64_t fallback) const {
  const Json* const value = find(key);
  if (value == nullptr) return fallback;
  std::optional<std::int64_t> number;
  if (value->is_string()) {
    const auto text = trimmed_text(*value);
    if (!text) return fallback;
    number = parse_integer(*text);
  } else {
    number = whole_number(*value);
  }
  if (!number) return fail(error(key, "is no whole number of 64 bits"));
  return *number;
}

Result<std::int64_t> Members::int32(std::string_view key, std::int64_t fallback) const {
  PORPOISE_TRY(const std::int64_t number, int64(key, fallback));
  using Limits = std::numeric_limits<std::int32_t>;
  if (number < Limits::min() || number > Limits::max()) return fail(error(key, "is no whole number of 32 bits"));
  return number;
}

Result<bool> Members::flag(std::string_view key) const {
  const Json* const value = find(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_number_integer()) return *value != 0;
  if (value->is_string()) {
    const std::string_view text = trimmed_text(*value).value_or("false");
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
  }
  return fail(error(key, "is neither true nor false"));
}

Result<std::int64_t> Members::date(std::string_view key, const TimeZone& zone) const {
  const Json* const value = find(key);
  if (value == nullptr) return 0;
  std::optional<std::int64_t> moment;
  if (value->is_string()) {
    const auto text = trimmed_text(*value);
    if (!text) return 0;
    moment = parse_date(*text, zone);
  } else if (value->is_number_integer()) {
    moment = whole_number(*value);
  }
  if (!moment || !is_date(*moment, zone)) return fail(error(key, "is no date of the form yyyy-MM-dd HH:mm:ss"));
  return *moment;
}

Result<std::string> Members::name_among(std::string_view key, std::initializer_list<std::string_view> names) const {
  const Json* const value = find(key);
  if (value == nullptr) return std::string();
  if (!value->is_string() && !value->is_number_integer()) return fail(error(key, "is not a name"));
  const std::string_view text = value->is_string() ? trim(value->get_ref<const std::string&>()) : std::string_view();
  const auto ordinal = value->is_string() ? parse_integer(text) : whole_number(*value);
  std::int64_t place = 0;
  for (const std::string_view name : names)
    if (name == text || place++ == ordinal) return std::string(name);
  return std::string();
}

Error Members::error(std::string_view key, std::string_view what) const {
  return {ErrorCode::kInvalid, "member \"" + full_name(key) + "\" " + std::string(what)};
}

std::string Members::full_name(std::string_view key) const { return path_ + std::string(key); }

std::string write_json(const OrderedJson& json) {
  std::string text = dump_json(json);
  // The two writers differ in nothing but the case of these digits: Jackson's \u001F is \u001f here.
  for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at + 2)) {
    if (text[at + 1] != 'u') continue;
    for (std::size_t digit = at + 2; digit < at + 6; ++digit)
      if (text[digit] >= 'a') text[digit] = static_cast<char>(text[digit] - 'a' + 'A');
  }
  return text;
}

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
