// What texts from outside need first: trimming, UTF-8, Base64, and the word that was probably meant. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace porpoise {

// What texts from outside need first. Pure.

// Without the blanks at both ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n") {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// "a, b": the words, with the separator between two. Pure.
std::string joined(const std::vector<std::string>& words, std::string_view separator);

// The letters of ASCII in upper case. Pure.
std::string upper_case(std::string_view text);

// Cuts of UTF-8 text that never split a code point. Pure.

// The longest beginning of at most `max_bytes` that ends between two code points. Text that is not UTF-8 is cut
// anywhere: no more than three bytes are ever given up.
inline std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  for (int steps = 0; steps < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U; ++steps) --end;
  return text.substr(0, end);
}

// What would act on a terminal, or make text look like another one, made visible: control characters, also those of
// Unicode's C1 block (U+009B begins a command, too), marks that turn the direction of writing (Unicode TR 9), and its
// line separators: "\x1b", "\u202e". Those in `kept` stay, as does all else, bytes that are not UTF-8 included. Pure.
std::string escape_controls(std::string_view text, std::string_view kept = {});

// For a POSIX shell: one word whatever is in it. Pure.
std::string shell_quoted(std::string_view text);

// Base64 (RFC 4648, section 4): the standard alphabet, padded, no line breaks. Pure.
std::string base64(std::string_view bytes);

// "Did you mean": the candidate closest to a mistyped word. Pure.

// The candidate with the fewest edits from `word`, ignoring case; empty when each differs in more than a third of it.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// " (did you mean 'x'?)", or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace porpoise
