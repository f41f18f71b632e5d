// The members of taskParams, read one by one, with errors that name them. Pure.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "curl/transfer.h"

namespace porpoise::http {

// Replaces the placeholders of one text.
using Expand = std::function<Result<std::string>(const std::string&)>;

// "the parameter NAME PROBLEM"
Error bad(std::string_view name, const std::string& problem);

bool is_blank(std::string_view text);

// A text, or the text of a number or truth value, as Jackson reads a Java String; null and absent are empty.
Result<std::string> text_of(const Json& object, std::string_view name);

// The same of an enumeration, whose values are `names` in the order of the Java class: Jackson takes a place in it,
// too. What is neither stays as it is.
Result<std::string> enum_of(const Json& object, std::string_view name, std::initializer_list<std::string_view> names);

// 0 when it is absent.
Result<std::chrono::milliseconds> duration_of(const Json& object, std::string_view name);

// "%C3"
std::string percent(unsigned char byte);

// The member `url`, its placeholders replaced. Characters other than ASCII go out percent-encoded, and a fragment never
// does.
Result<std::string> url_of(const Json& object, const Expand& expand);

// The member `name`, one of these methods; errors name all.
Result<std::string> method_of(const Json& object, std::string_view name);

// Content-Type: application/json for a body, and User-Agent, unless they are there.
void add_usual_headers(curl::HttpRequest& request);

}  // namespace porpoise::http
