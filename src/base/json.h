// JSON from outside: parsed with caps on size, depth and number of values, and errors that name line, column and JSON
// pointer.
//
// Pure functions. 64-bit integers stay exact: DolphinScheduler task codes and job ids are Java longs.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // for what people read: members keep the order they were written in

struct JsonLimits {
  std::size_t max_bytes = 64U << 20U;
  std::size_t max_depth = 64;          // DolphinScheduler's own documents stay below 10
  std::size_t max_values = 1'000'000;  // "[[],[],…" takes thirty times its size in memory
};

// Errors: ErrorCode::kInvalid, "line L, column C: …".
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// The 1-based line and column of a byte offset.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};
Position position_of(std::string_view text, std::size_t offset);

// The same as "line L, column C".
std::string describe_position(std::string_view text, std::size_t offset);

// The byte offset at which the value of `pointer` begins in `text`, which parse_json accepted; 0 when it is absent.
std::size_t locate_pointer(std::string_view text, const Json::json_pointer& pointer);

// Compact text; invalid UTF-8 is replaced by U+FFFD instead of failing.
std::string dump_json(const Json& json);
std::string dump_json(const OrderedJson& json);

// Members of an object with a default; a member that is null, absent or of another type gives `fallback`.
std::string string_or(const Json& object, std::string_view key, std::string_view fallback);
std::int64_t integer_or(const Json& object, std::string_view key, std::int64_t fallback);
bool bool_or(const Json& object, std::string_view key, bool fallback);

}  // namespace porpoise
