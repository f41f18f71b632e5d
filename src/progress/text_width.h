// Text on a terminal: how many columns it takes, and cutting it to a width with UTF-8 and colours kept whole. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace porpoise {

// Escape sequences and combining marks take none, East Asian wide characters and emoji two.
std::size_t display_width(std::string_view text);

// `text`, or its beginning and "…" in at most `columns`. Colour sequences behind the cut stay, so a colour is always
// ended by the one that ended it before.
std::string elide(std::string_view text, std::size_t columns);

// One line of foreign output made harmless for a terminal: only colours survive (and not even these unless `colors`),
// tabs and line feeds become spaces, other control characters vanish, bytes that are not UTF-8 become U+FFFD.
std::string printable(std::string_view line, bool colors);

}  // namespace porpoise
