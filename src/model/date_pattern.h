// Writes a time by a java.time DateTimeFormatter pattern, in the Java locale "en". Pure function.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/civil_time.h"

namespace porpoise {

// All pattern letters of Java 8 but those of a zone: 3.1 formats a LocalDateTime, which has none, and fails there.
// Weeks begin on Sunday, the first of a year is that of 1 January. Years outside 1..9999 are an error.
Result<std::string> format_time(std::string_view pattern, const CivilTime& time);

}  // namespace porpoise
