// A time zone as pure code sees it: an id and a function. Who needs the zone of the process asks for it once, at the
// edge, and passes the value in.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace porpoise {

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
