// HTTP: sends one request and checks the answer (3.1 `HttpTask`); a cancel or the deadline ends it at once.
#include <porpoise/plugin.hpp>

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "curl/transfer.h"
#include "http/answer.h"
#include "http/params.h"

namespace porpoise::http {
namespace {

using plugin::Outcome;

constexpr std::size_t kLoggedBytes = std::size_t{64} << 10U;    // of the body: logs are for reading
constexpr std::size_t kOutParamBytes = std::size_t{64} << 10U;  // of the body: varPool travels through the database
constexpr std::int64_t kVerifyPauseMs = 250;
constexpr std::int64_t kLeastLookMs = 1000;  // for one look, also when the time for all of them is shorter
constexpr std::int64_t kRollbackMs = 60000;
constexpr std::int64_t kLastWordsMs = 1500;  // of a cancelled task, which is to end soon
constexpr int kTries = 4;                    // as 3.1, whose client repeats a request without a body three times

class HttpTask final : public plugin::Task {
 public:
  using Task::Task;

  Outcome prepare(const plugin::Request& request) override {
    auto params = parse_http_params(request.params_json, [this](const std::string& text) -> Result<std::string> {
      auto expanded = host().expand(text);
      if (!expanded) return fail(ErrorCode::kInvalid, expanded.problem().message);
      return std::move(*expanded);
    });
    if (!params) return Outcome::invalid(params.error().to_string());
    params_ = std::move(*params);
    params_.request.deadline_mono_ms = request.deadline_mono_ms;
    return Outcome::ok();
  }

  Outcome run() override {
    host().info(describe(params_.request));
    const Result<curl::HttpResponse> response = perform();
    if (!response) return outcome_of(response.error());
    const std::string body = decode_body(*response);
    log_answer(*response, body);
    if (!params_.response_param.empty())
      host().set_var(params_.response_param, cut_utf8(trimmed(body), kOutParamBytes));
    const Status checked = check_answer(params_.expected, response->status, body);
    if (!checked) return Outcome::failed(checked.error().message());
    return params_.verification ? verify(*params_.verification) : Outcome::ok();
  }

  std::string plan() override {
    const curl::HttpRequest& request = params_.request;
    std::string text = "would send " + request.method + " " + loggable_url(request.url) + "\n";
    for (const curl::HttpHeader& header : request.headers) text += "header " + header.name + "\n";  // values: secrets
    if (request.body) text += "body " + *request.body + "\n";
    if (!params_.verification) return text;
    text += "would verify by " + describe(params_.verification->request) + "\n";
    if (params_.verification->rollback)
      text += "would roll back by " + describe(*params_.verification->rollback) + "\n";
    return text;
  }

 private:
  // A request without a body that does no harm twice is repeated when its connection broke.
  Result<curl::HttpResponse> perform() {
    curl::Transfer transfer(host().cancel_fd());
    const bool repeatable = params_.request.follow_redirects && !params_.request.body;
    for (int attempt = 1;; ++attempt) {
      auto response = transfer.perform(params_.request);
      const bool broke = !response && response.error().code() == ErrorCode::kUnavailable && transfer.request_was_sent();
      if (!broke || !repeatable || attempt == kTries) return response;
      host().warn(response.error().to_string() + "; trying again");
    }
  }

  Outcome outcome_of(const Error& error) const {
    const std::string message = error.to_string();
    const std::int64_t deadline_ms = params_.request.deadline_mono_ms;
    if (error.code() == ErrorCode::kCancelled) return Outcome::cancelled(message);
    if (error.code() == ErrorCode::kTimeout && deadline_ms > 0 && host().now_mono_ms() >= deadline_ms)
      return {PORPOISE_TIMED_OUT, message, -1};
    if (error.code() == ErrorCode::kTimeout || error.code() == ErrorCode::kUnavailable)
      return Outcome::unavailable(message);
    return Outcome::failed(message);
  }

  static std::string describe(const curl::HttpRequest& request) {
    return request.method + " " + loggable_url(request.url);
  }

  // The request did its work; whether that works is asked until it does or the time is over.
  Outcome verify(const Verification& verification) {
    host().info("verifying by " + describe(verification.request));
    const std::int64_t end_mono_ms = host().now_mono_ms() + verification.within.count();
    while (true) {
      const Status verified = look(verification, end_mono_ms);
      if (verified) return Outcome::ok();
      const bool is_late = host().now_mono_ms() + kVerifyPauseMs > end_mono_ms;
      if (host().cancel_requested() || is_late || host().wait(kVerifyPauseMs))
        return roll_back(verification, "the request succeeded, but was not verified: " + verified.error().message());
      host().debug("not verified yet: " + verified.error().message());
    }
  }

  Status look(const Verification& verification, std::int64_t end_mono_ms) {
    curl::HttpRequest request = verification.request;
    request.deadline_mono_ms = std::max(end_mono_ms, host().now_mono_ms() + kLeastLookMs);
    const auto response = curl::Transfer(host().cancel_fd()).perform(request);
    if (!response) return fail(response.error());
    const std::string body = decode_body(*response);
    for (const Expectation& expected : verification.expected)
      if (Status checked = check_answer(expected, response->status, body); !checked) return checked;
    log_answer(*response, body);
    return {};
  }

  // Also when the task is to end: what nobody has verified shall not stay.
  Outcome roll_back(const Verification& verification, std::string message) {
    const bool is_cancelled = host().cancel_requested();
    if (verification.rollback) {
      curl::HttpRequest request = *verification.rollback;
      host().warn(message + "; rolling back by " + describe(request));
      request.deadline_mono_ms = host().now_mono_ms() + (is_cancelled ? kLastWordsMs : kRollbackMs);
      const auto response = curl::Transfer(-1).perform(request);
      const bool succeeded = response && response->status / 100 == 2;
      const std::string answer = response ? "status " + std::to_string(response->status) : response.error().message();
      message += succeeded ? "; it was rolled back, " + answer : "; AND THE ROLLBACK FAILED: " + answer;
    }
    return is_cancelled ? Outcome::cancelled(message) : Outcome::failed(message);
  }

  void log_answer(const curl::HttpResponse& response, std::string_view body) const {
    host().info("status " + std::to_string(response.status) + " after " + std::to_string(response.elapsed.count()) +
                " ms, " + std::to_string(body.size()) + " bytes");
    if (body.empty()) return;
    const std::string_view shown = cut_utf8(body, kLoggedBytes);
    host().info(shown);
    if (shown.size() < body.size()) host().info("… " + std::to_string(body.size() - shown.size()) + " bytes more");
  }

  HttpParams params_;
};

}  // namespace
}  // namespace porpoise::http

PORPOISE_PLUGIN(PORPOISE_TYPE("HTTP", porpoise::http::HttpTask));
