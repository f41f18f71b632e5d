#include "openmldb/rest_answer.h"

#include <algorithm>

#include "openmldb/refusal.h"

namespace porpoise::openmldb {
namespace {

constexpr std::size_t kQuoteChars = 300;  // of the server's words in a message of ours
constexpr std::size_t kMaxDepth = 16;     // real answers have 4 levels

// The length of a special number at the beginning of `text`, else 0.
std::size_t special_number(std::string_view text) {
  const std::size_t sign = !text.empty() && (text.front() == '-' || text.front() == '+') ? 1 : 0;
  for (const std::string_view name : {"NaN", "Infinity", "Inf"})
    if (text.substr(sign, name.size()) == name) return sign + name.size();
  return 0;
}

std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

// Status codes of something between us and the APIServer, which itself always says 200.
Failure http_failure(int status, std::string_view body) {
  constexpr int kTooManyRequests = 429;
  const bool is_temporary = status >= 500 || status == kTooManyRequests;
  return {Error(is_temporary ? ErrorCode::kUnavailable : ErrorCode::kInvalid,
                "the APIServer answered HTTP " + std::to_string(status) + ": " + headline(body, kQuoteChars)),
          0, status >= 500};
}

Failure not_an_answer(std::string_view sender, const std::string& why, std::string_view body) {
  return {Error(ErrorCode::kUnavailable,
                "the answer is not one of " + std::string(sender) + " (" + why + "): " + headline(body, kQuoteChars)),
          0, true};
}

Cell read_cell(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

}  // namespace

std::string quote_special_numbers(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 64);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (text[at] == '"') {
      end = string_end(text, at);
      result += text.substr(at, end - at);
    } else if (const std::size_t size = special_number(text.substr(at, 9)); size > 0) {
      end = at + size;
      result += '"' + std::string(text.substr(at, size)) + '"';
    } else {
      result += text[at];
    }
    at = end;
  }
  return result;
}

Reply<Json> read_answer(int http_status, std::string_view body) {
  constexpr int kOk = 200;
  if (http_status != kOk) return fail(http_failure(http_status, body));
  return read_body(body, "an APIServer");
}

Reply<Json> read_body(std::string_view body, std::string_view sender) {
  auto json = parse_json(quote_special_numbers(body), {.max_depth = kMaxDepth});
  if (!json) return fail(not_an_answer(sender, json.error().to_string(), body));
  const auto code = json->is_object() ? json->find("code") : json->end();
  if (!json->is_object() || code == json->end() || !code->is_number_integer())
    return fail(not_an_answer(sender, "no code", body));
  if (const auto number = code->get<std::int64_t>(); number != 0)
    return fail(refused(number, string_or(*json, "msg", "no message")));
  return std::move(*json);
}

Reply<Table> read_table(const Json& answer) {
  Table table;
  const auto data = answer.find("data");
  if (data == answer.end() || !data->is_object()) return table;
  if (const auto types = data->find("schema"); types != data->end() && types->is_array())
    for (const Json& type : *types) table.heads.push_back(type.is_string() ? type.get<std::string>() : dump_json(type));
  const auto rows = data->find("data");
  if (rows == data->end() || !rows->is_array()) return table;
  for (const Json& row : *rows) {
    if (!row.is_array()) return fail(not_an_answer("this kind", "a row is not a list", dump_json(row)));
    std::vector<Cell>& cells = table.rows.emplace_back();
    for (const Json& value : row) cells.push_back(read_cell(value));
  }
  return table;
}

}  // namespace porpoise::openmldb
