#include "base/host_port.h"

#include <algorithm>
#include <charconv>

namespace porpoise {

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (printable && colon != std::string_view::npos && colon > 0) {
    HostPort parsed{std::string(text.substr(0, colon)), 0};
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data() + colon + 1, end, parsed.port);  // stops at a second colon
    if (problem == std::errc() && stop == end && parsed.port > 0) return parsed;
  }
  return fail(ErrorCode::kInvalid, "\"" + std::string(text) + "\" is not HOST:PORT");
}

}  // namespace porpoise
