// "Did you mean": the candidate closest to a mistyped word. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace porpoise {

// The candidate with the fewest edits from `word`, ignoring case; empty when each differs in more than a third of it.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// " (did you mean 'x'?)", or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace porpoise
