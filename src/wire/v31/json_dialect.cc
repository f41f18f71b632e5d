#include "wire/v31/json_dialect.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "wire/v31/java_date.h"

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

}  // namespace porpoise::wire
