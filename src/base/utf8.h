// Cuts of UTF-8 text that never split a code point. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace porpoise {

// The longest beginning of at most `max_bytes` that ends between two code points. Text that is not UTF-8 is cut
// anywhere: no more than three bytes are ever given up.
inline std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  for (int steps = 0; steps < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U; ++steps) --end;
  return text.substr(0, end);
}

}  // namespace porpoise
