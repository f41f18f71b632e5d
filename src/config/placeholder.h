// Spring's ${NAME:default} in a value of application.yaml, as `PropertyPlaceholderHelper` replaces it. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

using PlaceholderLookup = std::function<std::optional<std::string>(std::string_view name)>;

// Values that are looked up, and defaults, may have placeholders themselves. A name without a value and without a
// default is an error, and so is a value that needs itself.
Result<std::string> resolve_placeholders(std::string_view text, const PlaceholderLookup& lookup);

}  // namespace porpoise
