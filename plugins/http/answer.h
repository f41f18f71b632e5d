// What becomes of an answer: its text, and whether it is the one that was asked for. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "curl/transfer.h"

namespace porpoise::http {

enum class Check { kStatus200, kStatus, kBodyContains, kBodyNotContains };

struct Expectation {
  Check check = Check::kStatus200;
  std::string condition;  // expected status text or fragment of the body
};

// The body as UTF-8: converted from the charset of Content-Type where that says another one. Bytes that do not fit
// stay as they are.
std::string decode_body(const curl::HttpResponse& response);

// 3.1 `HttpTask.validResponse`; the error says what was expected and what came.
Status check_answer(const Expectation& expected, int status, std::string_view body);

}  // namespace porpoise::http
