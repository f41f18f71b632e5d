#include "http/fields.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace porpoise::http {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"GET", "POST", "HEAD", "PUT", "DELETE"};

bool is_hex_digit(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// What Java's URI class, by which 3.1 reads the URL, accepts at this position.
bool is_legal(std::string_view url, std::size_t at) {
  const auto byte = static_cast<unsigned char>(url[at]);
  if (byte == '%') return at + 2 < url.size() && is_hex_digit(url[at + 1]) && is_hex_digit(url[at + 2]);
  return byte > ' ' && byte != 0x7f && std::string_view("\"<>\\^`{|}").find(url[at]) == std::string_view::npos;
}

// A blank within was meant; one around the URL came with a copy of it.
std::string advice(std::string_view url, std::size_t at) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = url.find_first_not_of(kBlanks);
  const std::size_t last = url.find_last_not_of(kBlanks);
  if (first == std::string_view::npos || at < first) return "begins with a blank; remove it";
  if (at > last) return "ends with a blank; remove it";
  return "has an illegal character at position " + std::to_string(at + 1) + "; write it as " +
         percent(static_cast<unsigned char>(url[at]));
}

// Characters other than ASCII go out percent-encoded, and a fragment never does.
Result<std::string> parse_url(std::string_view url) {
  std::string encoded;
  for (std::size_t at = 0; at < url.size(); ++at) {
    const auto byte = static_cast<unsigned char>(url[at]);
    if (!is_legal(url, at)) return fail(bad("url", advice(url, at)));
    encoded += byte < 0x80 ? std::string(1, url[at]) : percent(byte);
  }
  if (encoded.substr(0, 7) != "http://" && encoded.substr(0, 8) != "https://")
    return fail(bad("url", "must begin with http:// or https://"));
  return encoded.substr(0, encoded.find('#'));
}

}  // namespace

Error bad(std::string_view name, const std::string& problem) {
  return {ErrorCode::kInvalid, "the parameter " + std::string(name) + " " + problem};
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

Result<std::string> text_of(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::string();
  if (found->is_string()) return found->get<std::string>();
  if (found->is_primitive()) return dump_json(*found);
  return fail(bad(name, "must be a text"));
}

Result<std::string> enum_of(const Json& object, std::string_view name, std::initializer_list<std::string_view> names) {
  PORPOISE_TRY(std::string text, text_of(object, name));
  std::size_t place = 0;
  const char* const end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data(), end, place);
  if (problem == std::errc() && last == end && place < names.size()) return std::string(*(names.begin() + place));
  return text;
}

Result<std::chrono::milliseconds> duration_of(const Json& object, std::string_view name) {
  PORPOISE_TRY(const std::string text, text_of(object, name));
  if (text.empty()) return std::chrono::milliseconds(0);
  int milliseconds = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, milliseconds).ptr != end || milliseconds < 0)
    return fail(bad(name, "must be milliseconds, 0 or more, and not " + text.substr(0, 40)));
  return std::chrono::milliseconds(milliseconds);
}

std::string percent(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
}

Result<std::string> url_of(const Json& object, const Expand& expand) {
  PORPOISE_TRY(const std::string raw, text_of(object, "url"));
  if (is_blank(raw)) return fail(bad("url", "is missing"));
  PORPOISE_TRY(const std::string url, expand(raw));
  return parse_url(url);
}

Result<std::string> method_of(const Json& object, std::string_view name) {
  PORPOISE_TRY(std::string method, enum_of(object, name, {"GET", "POST", "HEAD", "PUT", "DELETE"}));
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
    return fail(bad(name, "must be GET, POST, HEAD, PUT or DELETE, not '" + method.substr(0, 40) + "'"));
  return method;
}

void add_usual_headers(curl::HttpRequest& request) {
  if (request.body && curl::find_header(request.headers, "Content-Type") == nullptr)
    request.headers.push_back({"Content-Type", "application/json"});
  if (curl::find_header(request.headers, "User-Agent") == nullptr)
    request.headers.push_back({"User-Agent", "porpoise/" PORPOISE_VERSION});
}

}  // namespace porpoise::http
