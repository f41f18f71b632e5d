#include "wire/v31/profile_31_decode.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "base/network_address.h"

namespace porpoise::wire {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kMaxValueBytes = 300;  // of an address; a number is shorter

// The place behind `"key" :`, from `at` on.
std::size_t find_value(std::string_view text, const std::string& key, std::size_t at) {
  const std::string quoted = '"' + key + '"';
  for (at = text.find(quoted, at); at != std::string_view::npos; at = text.find(quoted, at + 1)) {
    const std::size_t before = at == 0 ? std::string_view::npos : text.find_last_not_of(kBlanks, at - 1);
    const bool is_member = before != std::string_view::npos && (text[before] == '{' || text[before] == ',');
    const std::size_t colon = text.find_first_not_of(kBlanks, at + quoted.size());
    if (!is_member || colon == std::string_view::npos || text[colon] != ':') continue;
    return std::min(text.find_first_not_of(kBlanks, colon + 1), text.size());
  }
  return std::string_view::npos;
}

// A text without escapes, or a number that something follows: else its end is not here.
std::optional<std::string_view> value_at(std::string_view text, std::size_t at) {
  const bool quoted = at < text.size() && text[at] == '"';
  const std::size_t begin = quoted ? at + 1 : at;
  const std::size_t end = text.find_first_of(quoted ? "\"\\" : ",} \t\r\n", begin);
  if (end == std::string_view::npos || (quoted && text[end] != '"') || end - begin > kMaxValueBytes)
    return std::nullopt;
  return text.substr(begin, end - begin);
}

// Of the member with that name, wherever it is; nothing also when there are several that differ.
std::optional<std::string_view> only_value(std::string_view text, const std::string& key) {
  std::optional<std::string_view> only;
  for (std::size_t at = find_value(text, key, 0); at != std::string_view::npos; at = find_value(text, key, at)) {
    const auto value = value_at(text, at);
    if (!value || (only && *only != *value)) return std::nullopt;
    only = value;
  }
  return only;
}

std::int64_t positive_int32(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  return whole && number > 0 && number <= std::numeric_limits<std::int32_t>::max() ? number : 0;
}

}  // namespace

std::optional<DispatchTask> read_broken_dispatch(std::string_view body, const Error& why) {
  const auto sender = only_value(body, "messageSenderAddress");
  const auto id = only_value(body, "taskInstanceId");
  if (!sender || !id || positive_int32(*id) == 0 || !parse_host_port(std::string(*sender))) return std::nullopt;
  DispatchTask dispatch;
  dispatch.master = *sender;
  dispatch.context.task_instance_id = positive_int32(*id);
  if (const auto workflow = only_value(body, "processInstanceId"))
    dispatch.context.process_instance_id = positive_int32(*workflow);
  dispatch.defect = why;
  dispatch.broken = true;
  return dispatch;
}

}  // namespace porpoise::wire
