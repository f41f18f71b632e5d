#include "http/answer.h"

#include <iconv.h>
#include <strings.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace porpoise::http {
namespace {

constexpr std::size_t kShownBytes = 200;  // of a body in an error message

// The value of charset= in "text/html; charset=\"GBK\"", or empty.
std::string charset_of(std::string_view content_type) {
  constexpr std::string_view kKey = "charset=";
  for (std::size_t at = 0; at + kKey.size() <= content_type.size(); ++at) {
    if (::strncasecmp(content_type.data() + at, kKey.data(), kKey.size()) != 0) continue;
    std::string_view value = content_type.substr(at + kKey.size());
    value = value.substr(0, value.find(';'));
    const std::size_t begin = value.find_first_not_of(" \"");
    const std::size_t end = value.find_last_not_of(" \"");
    return begin == std::string_view::npos ? std::string() : std::string(value.substr(begin, end - begin + 1));
  }
  return {};
}

std::optional<std::string> convert(std::string text, const std::string& charset) {
  iconv_t const converter = ::iconv_open("UTF-8", charset.c_str());
  if (reinterpret_cast<std::intptr_t>(converter) == -1) return std::nullopt;
  std::string converted(text.size() * 4, '\0');  // no character of one byte takes more than four in UTF-8
  char* in = text.data();
  char* out = converted.data();
  std::size_t in_left = text.size();
  std::size_t out_left = converted.size();
  const bool converted_all = ::iconv(converter, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1);
  ::iconv_close(converter);
  if (!converted_all) return std::nullopt;
  converted.resize(converted.size() - out_left);
  return converted;
}

// On one line: it goes into a message.
std::string excerpt(std::string_view body) {
  if (body.empty()) return "an empty body";
  std::string shown(cut_utf8(body, kShownBytes));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return "the body: " + shown + (shown.size() < body.size() ? "…" : "");
}

}  // namespace

std::string decode_body(const curl::HttpResponse& response) {
  const std::string charset = charset_of(response.header("Content-Type"));
  if (charset.empty() || ::strcasecmp(charset.c_str(), "UTF-8") == 0) return response.body;
  return convert(response.body, charset).value_or(response.body);
}

Status check_answer(const Expectation& expected, int status, std::string_view body) {
  const std::string got = std::to_string(status);
  const bool contains = !body.empty() && body.find(expected.condition) != std::string_view::npos;
  switch (expected.check) {
    case Check::kStatus200:
      if (status == 200) return {};
      return fail(ErrorCode::kInvalid, "expected status 200, got " + got + " and " + excerpt(body));
    case Check::kStatus:
      if (expected.condition == got) return {};
      return fail(ErrorCode::kInvalid,
                  "expected status " + expected.condition + ", got " + got + " and " + excerpt(body));
    case Check::kBodyContains:
      if (contains) return {};
      return fail(ErrorCode::kInvalid,
                  "expected '" + expected.condition + "' in the body, got status " + got + " and " + excerpt(body));
    case Check::kBodyNotContains:
      if (!body.empty() && !contains) return {};
      return fail(ErrorCode::kInvalid,
                  "expected a body without '" + expected.condition + "', got status " + got + " and " + excerpt(body));
  }
  return {};
}

}  // namespace porpoise::http
