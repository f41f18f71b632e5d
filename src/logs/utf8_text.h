// Text for JSON from the bytes of a log. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace porpoise {

// Appends `bytes`, with U+FFFD for each sequence that is not UTF-8 (its longest beginning that could be one counts
// once, as Java's decoder and browsers do), and stops after `max_bytes` or up to three more.
void append_valid_utf8(std::string& text, std::string_view bytes, std::size_t max_bytes);

}  // namespace porpoise
