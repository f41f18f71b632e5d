#include "taskdir/mask.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

namespace porpoise {
namespace {

constexpr std::string_view kWord = "password";
constexpr std::ptrdiff_t kMaxKeyBytes = 256;  // from the word to its value: more blanks than that are no key

using Cursor = std::span<char>::iterator;

bool same_letter(char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }

bool is_quote(char c) { return c == '"' || c == '\''; }

Cursor skip(Cursor at, Cursor end, std::string_view characters) {
  return std::find_if(at, end, [&](char c) { return characters.find(c) == std::string_view::npos; });
}

// Where the value behind `password` begins: after an opening quote; `end` when there is none.
Cursor value_begin(Cursor at, Cursor end) {
  at = skip(at, end, "\\\"' ");
  if (at == end || (*at != ':' && *at != '=')) return end;
  at = skip(at + 1, end, "\\ ");
  return at != end && is_quote(*at) ? at + 1 : end;
}

Cursor value_end(Cursor begin, Cursor end) {
  const char quote = begin[-1];
  const bool in_text = begin[-2] == '\\';  // the whole JSON is a text in another: \" is its plain quote
  for (Cursor at = begin; at != end; ++at) {
    if (*at == '\\' && !in_text && at + 1 != end) {
      ++at;
    } else if (*at == quote) {
      return in_text && at != begin && at[-1] == '\\' ? at - 1 : at;
    }
  }
  return end;
}

// `at` is behind the word: the line ends before it is clear whether there is a value.
bool ends_before_value(Cursor at, Cursor end) {
  at = skip(at, end, "\\\"' ");
  if (at == end) return true;
  if (*at != ':' && *at != '=') return false;
  at = skip(at + 1, end, "\\ ");
  return at == end || (is_quote(*at) && at + 1 == end);
}

// A beginning that leaves the next piece in the midst of such a value.
std::string within_value(Cursor begin, Cursor end) {
  const auto backslashes =
      std::find_if(std::reverse_iterator(end), std::reverse_iterator(begin), [](char c) { return c != '\\'; }) -
      std::reverse_iterator(end);
  const std::string_view escape = backslashes % 2 == 1 ? "\\" : "";
  return std::string(kWord)
      .append(1, ':')
      .append(1, begin[-2] == '\\' ? '\\' : ' ')
      .append(1, begin[-1])
      .append(escape);
}

// The end of the line as far as it may be the beginning of the word.
std::string begun_word(Cursor begin, Cursor end) {
  const auto most = std::min(static_cast<std::size_t>(end - begin), kWord.size() - 1);
  for (std::size_t length = most; length > 0; --length)
    if (std::equal(end - static_cast<std::ptrdiff_t>(length), end, kWord.begin(), same_letter))
      return {end - static_cast<std::ptrdiff_t>(length), end};
  return {};
}

// Returns what has to stand before the next piece of the line, if there is one.
std::string mask_piece(std::span<char> line) {
  for (Cursor at = line.begin();;) {
    const Cursor word = std::search(at, line.end(), kWord.begin(), kWord.end(), same_letter);
    if (word == line.end()) return begun_word(at, line.end());
    at = word + static_cast<std::ptrdiff_t>(kWord.size());
    const Cursor begin = value_begin(at, line.end());
    if (begin == line.end()) {
      if (!ends_before_value(at, line.end())) continue;
      return line.end() - word <= kMaxKeyBytes ? std::string(word, line.end()) : std::string();
    }
    const Cursor end = value_end(begin, line.end());
    std::string rest = end == line.end() ? within_value(begin, end) : "";
    std::fill(begin, end, '*');
    if (end == line.end()) return rest;
    at = end;
  }
}

}  // namespace

void mask_passwords(std::span<char> line) {
  // Most output has no quote at all, and looking for one is fast.
  if (std::memchr(line.data(), '"', line.size()) != nullptr || std::memchr(line.data(), '\'', line.size()) != nullptr)
    (void)mask_piece(line);
}

void PasswordMask::mask(std::span<char> piece, bool goes_on) {
  std::string text = before_;
  text.append(piece.data(), piece.size());
  std::string rest = mask_piece(text);
  std::copy(text.end() - static_cast<std::ptrdiff_t>(piece.size()), text.end(), piece.begin());
  before_ = goes_on ? std::move(rest) : "";
}

}  // namespace porpoise
