// Base64 (RFC 4648, section 4): the standard alphabet, padded, no line breaks. Pure.
#pragma once

#include <string>
#include <string_view>

namespace porpoise {

std::string base64(std::string_view bytes);

}  // namespace porpoise
