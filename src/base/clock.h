// The two clocks as milliseconds, for what leaves the process: the plugin ABI and JSON. Inside, use chrono.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace porpoise {

inline std::int64_t mono_ms() {  // CLOCK_MONOTONIC
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
inline std::int64_t wall_ms() {  // epoch
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// "1.5 s".
inline std::string in_seconds(std::chrono::milliseconds time) {
  char text[48];
  std::snprintf(text, sizeof text, "%g s", static_cast<double>(time.count()) / 1000);
  return text;
}

}  // namespace porpoise
