#include "logs/utf8_text.h"

#include <algorithm>

namespace porpoise {
namespace {

struct Sequence {
  std::size_t bytes = 1;
  bool valid = false;
};

// What `text` begins with: a code point, or bytes that are none (Unicode, table 3-7).
Sequence first_sequence(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte keeps out long forms, surrogates and what lies beyond U+10FFFF.
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

void append_valid_utf8(std::string& text, std::string_view bytes, std::size_t max_bytes) {
  const std::size_t begin = text.size();
  while (!bytes.empty() && text.size() - begin < max_bytes) {
    const auto end = std::find_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) != 0; });
    const auto ascii = static_cast<std::size_t>(end - bytes.begin());
    if (ascii > 0) {
      text += bytes.substr(0, std::min(ascii, max_bytes - (text.size() - begin)));
      bytes.remove_prefix(ascii);
      continue;
    }
    const Sequence sequence = first_sequence(bytes);
    text += sequence.valid ? bytes.substr(0, sequence.bytes) : std::string_view("\xEF\xBF\xBD");
    bytes.remove_prefix(sequence.bytes);
  }
}

}  // namespace porpoise
