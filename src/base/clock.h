// The two clocks, and a time zone as a value. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "base/result.h"

namespace porpoise {

// The two clocks as milliseconds, for what leaves the process: the plugin ABI and JSON. Inside, use chrono.
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

// A time zone as pure code sees it: an id and a function. The caller at the edge asks for the zone of the process
// once, and passes the value in.

// A value; `utc_offset` may be called from any thread.
struct TimeZone {
  std::string id;
  // Local time minus UTC at a moment of time.
  std::function<std::chrono::seconds(std::int64_t epoch_seconds)> utc_offset;
};

TimeZone utc();

// The zone of the process: TZ, else the machine's. It follows a later use_time_zone.
TimeZone system_time_zone();

// Makes an IANA zone ("Asia/Shanghai") the process's own, for children too; an empty id changes nothing. Call it before
// threads start. An unknown zone is an error, where the C library would quietly take UTC.
Status use_time_zone(const std::string& id);

}  // namespace porpoise
