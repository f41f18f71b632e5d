#include "http/verification.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/text.h"

namespace porpoise::http {
namespace {

constexpr std::size_t kMaxHeaders = 100;

// A misspelt field would be a check that never takes place.
Status check_members(const Json& object, const std::vector<std::string>& known) {
  if (!object.is_object()) return fail(ErrorCode::kInvalid, "must be an object");
  for (const auto& [name, value] : object.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      return fail(bad(name.substr(0, 40), "is not known" + did_you_mean(name, known)));
  return {};
}

Status add_headers(const Json& object, const Expand& expand, curl::HttpRequest& request) {
  const auto found = object.find("headers");
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_object() || found->size() > kMaxHeaders)
    return fail(bad("headers", "must be an object of at most " + std::to_string(kMaxHeaders) + " texts"));
  for (const auto& [name, value] : found->items()) {
    PORPOISE_TRY(const std::string raw, text_of(*found, name));
    PORPOISE_TRY(std::string text, expand(raw));
    request.headers.push_back({name, std::move(text)});
  }
  return {};
}

Result<curl::HttpRequest> parse_request(const Json& object, std::string_view usual_method, const Expand& expand) {
  curl::HttpRequest request;
  request.method = usual_method;
  if (object.contains("method")) {
    PORPOISE_TRY(request.method, method_of(object, "method"));
  }
  PORPOISE_TRY(request.url, url_of(object, expand));
  PORPOISE_TRY_VOID(add_headers(object, expand, request));
  PORPOISE_TRY(const std::string body, text_of(object, "body"));
  if (!body.empty() && request.method == "HEAD") return fail(bad("body", "is not possible with HEAD"));
  if (!body.empty()) {
    PORPOISE_TRY(request.body, expand(body));
  }
  add_usual_headers(request);
  return request;
}

Result<std::vector<Expectation>> parse_expectations(const Json& object, const Expand& expand) {
  PORPOISE_TRY(const std::string status, text_of(object, "expect"));
  std::vector<Expectation> expected;
  if (status.empty()) {
    expected.push_back({Check::kStatus200, ""});
  } else {
    const bool is_number = status.size() == 3 && status.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number) return fail(bad("expect", "must be an HTTP status like 200, not '" + status.substr(0, 40) + "'"));
    expected.push_back({Check::kStatus, status});
  }
  for (const auto& [name, check] :
       {std::pair("contains", Check::kBodyContains), {"containsNot", Check::kBodyNotContains}}) {
    PORPOISE_TRY(const std::string raw, text_of(object, name));
    if (raw.empty()) continue;
    PORPOISE_TRY(std::string text, expand(raw));
    expected.push_back({check, std::move(text)});
  }
  return expected;
}

Result<Verification> parse_verify(const Json& object, const Expand& expand) {
  PORPOISE_TRY_VOID(
      check_members(object, {"url", "method", "headers", "body", "expect", "contains", "containsNot", "withinMillis"}));
  Verification verification;
  PORPOISE_TRY(verification.request, parse_request(object, "GET", expand));
  PORPOISE_TRY(verification.expected, parse_expectations(object, expand));
  if (object.contains("withinMillis")) {
    PORPOISE_TRY(verification.within, duration_of(object, "withinMillis"));
  }
  return verification;
}

Result<curl::HttpRequest> parse_rollback(const Json& object, const Expand& expand) {
  PORPOISE_TRY_VOID(check_members(object, {"url", "method", "headers", "body"}));
  return parse_request(object, "POST", expand);
}

bool has(const Json& params, std::string_view name) {
  const auto found = params.find(name);
  return found != params.end() && !found->is_null();
}

}  // namespace

Result<std::optional<Verification>> parse_verification(const Json& params, const Expand& expand) {
  if (!has(params, "verify")) {
    if (has(params, "rollback")) return fail(bad("rollback", "is of no use without verify"));
    return std::optional<Verification>();
  }
  auto verification = parse_verify(params.at("verify"), expand);
  if (!verification) return fail(verification.error().wrap("verify"));
  if (has(params, "rollback")) {
    auto rollback = parse_rollback(params.at("rollback"), expand);
    if (!rollback) return fail(rollback.error().wrap("rollback"));
    verification->rollback = std::move(*rollback);
  }
  return std::optional<Verification>(std::move(*verification));
}

}  // namespace porpoise::http
