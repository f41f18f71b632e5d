#include "openmldb/params.h"

#include "base/json.h"
#include "openmldb/sql_lexer.h"

namespace porpoise::openmldb {
namespace {

Result<std::string> required(const Json& params, std::string_view key) {
  const auto found = params.find(key);
  if (found == params.end() || found->is_null())
    return fail(ErrorCode::kInvalid, "parameter '" + std::string(key) + "' is missing");
  if (!found->is_string()) return fail(ErrorCode::kInvalid, "parameter '" + std::string(key) + "' is not a text");
  std::string text = found->get<std::string>();
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(ErrorCode::kInvalid, "parameter '" + std::string(key) + "' is empty");
  return text;
}

Result<std::optional<OnExists>> parse_on_exists(const Json& params) {
  const auto found = params.find("onDeploymentExists");
  if (found == params.end() || found->is_null()) return std::optional<OnExists>();
  const std::string text = found->is_string() ? to_lower(found->get_ref<const std::string&>()) : dump_json(*found);
  if (text == "replace") return OnExists::kReplace;
  if (text == "keep") return OnExists::kKeep;
  if (text == "fail") return OnExists::kFail;
  return fail(ErrorCode::kInvalid, "parameter 'onDeploymentExists' must be replace, keep or fail, not '" + text + "'");
}

// As 3.1 `OpenmldbTask`: CRLF becomes LF before anything else.
std::string with_unix_lines(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') result += text[i];
  return result;
}

}  // namespace

std::string_view to_string(Mode mode) { return mode == Mode::kOffline ? "offline" : "online"; }

Result<Mode> parse_mode(std::string_view what, std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower == "offline") return Mode::kOffline;
  if (lower == "online") return Mode::kOnline;
  return fail(ErrorCode::kInvalid, std::string(what) + " must be offline or online, not '" + headline(text, 40) + "'");
}

Result<Params> parse_params(std::string_view params_json) {
  PORPOISE_TRY(const Json json, parse_json(params_json));
  if (!json.is_object()) return fail(ErrorCode::kInvalid, "the task's parameters are not a JSON object");
  Params params;
  PORPOISE_TRY(params.zk, required(json, "zk"));
  PORPOISE_TRY(params.zk_path, required(json, "zkPath"));
  PORPOISE_TRY(const std::string mode, required(json, "executeMode"));
  PORPOISE_TRY(params.mode, parse_mode("parameter 'executeMode'", mode));
  PORPOISE_TRY(const std::string sql, required(json, "sql"));
  params.sql = with_unix_lines(sql);
  PORPOISE_TRY(params.on_exists, parse_on_exists(json));
  if (const auto found = json.find("driver"); found != json.end() && !found->is_null()) {
    const std::string text = found->is_string() ? found->get<std::string>() : dump_json(*found);
    PORPOISE_TRY(params.driver, parse_driver("parameter 'driver'", text));
  }
  if (const auto found = json.find("sqlEscapes"); found != json.end() && !found->is_null()) {
    const std::string text = found->is_string() ? found->get<std::string>() : dump_json(*found);
    PORPOISE_TRY(params.escapes, parse_sql_escapes(text));
  }
  return params;
}

}  // namespace porpoise::openmldb
