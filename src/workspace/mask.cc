#include "workspace/mask.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <string_view>

namespace porpoise {
namespace {

constexpr std::string_view kWord = "password";

using Cursor = std::span<char>::iterator;

bool same_letter(char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }

Cursor skip(Cursor at, Cursor end, std::string_view characters) {
  return std::find_if(at, end, [&](char c) { return characters.find(c) == std::string_view::npos; });
}

// Where the value behind `password` begins: after an opening quote; `end` when there is none.
Cursor value_begin(Cursor at, Cursor end) {
  at = skip(at, end, "\\\"' ");
  if (at == end || (*at != ':' && *at != '=')) return end;
  at = skip(at + 1, end, "\\ ");
  return at != end && (*at == '"' || *at == '\'') ? at + 1 : end;
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

}  // namespace

void mask_passwords(std::span<char> line) {
  // Most output has no quote at all, and looking for one is fast.
  if (std::memchr(line.data(), '"', line.size()) == nullptr && std::memchr(line.data(), '\'', line.size()) == nullptr)
    return;
  for (Cursor at = line.begin();;) {
    at = std::search(at, line.end(), kWord.begin(), kWord.end(), same_letter);
    if (at == line.end()) return;
    at += static_cast<std::ptrdiff_t>(kWord.size());
    const Cursor begin = value_begin(at, line.end());
    if (begin == line.end()) continue;
    const Cursor end = value_end(begin, line.end());
    std::fill(begin, end, '*');
    at = end;
  }
}

}  // namespace porpoise
