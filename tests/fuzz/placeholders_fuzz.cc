// The input's lines: parameters "name=value", then after a line "--" the text to expand.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/parameter_resolution.h"
#include "model/property.h"

namespace {

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  porpoise::ParameterValues values;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line == "--") break;
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) values.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  const auto expanded = porpoise::expand(rest, values, {.now_ms = 1678876245000});
  if (!expanded && expanded.error().message().empty()) __builtin_trap();
  // A text without any marker must come back as it is.
  if (rest.find('$') == std::string_view::npos && (!expanded || *expanded != rest)) __builtin_trap();
  porpoise::parse_set_value(rest);
  return 0;
}
