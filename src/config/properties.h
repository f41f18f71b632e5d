// Java's .properties format, as java.util.Properties.load reads it. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "config/located_value.h"

namespace porpoise {

// Every text is a properties file: there are no errors. A key that is there twice comes twice; Java takes the last.
std::vector<LocatedValue> parse_properties(std::string_view text);

}  // namespace porpoise
