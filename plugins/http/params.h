// taskParams of an HTTP task (3.1 `HttpParameters`) and the request they describe. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "curl/transfer.h"
#include "http/answer.h"
#include "http/fields.h"
#include "http/verification.h"

namespace porpoise::http {

struct HttpParams {
  curl::HttpRequest request;  // but for the task's deadline
  Expectation expected;
  std::string response_param;                // OUT parameter for the body; empty: none
  std::optional<Verification> verification;  // extensions `verify` and `rollback`
};

// Placeholders are replaced in values after the JSON was parsed, so that quotes and line breaks in them do no harm
// (3.1 replaces them in the JSON text).
Result<HttpParams> parse_http_params(std::string_view params_json, const Expand& expand);

// The URL without user and password, which no log shall show.
std::string loggable_url(std::string_view url);

}  // namespace porpoise::http
