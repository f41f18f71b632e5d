#include "observe/rate_limited_log.h"

#include <utility>

namespace porpoise {

void RateLimitedLog::warn(std::string_view message, LogFields fields, Clock::time_point now) {
  if (now - began_ >= std::chrono::seconds(1)) {
    began_ = now;
    const std::uint64_t before = std::exchange(lines_, 0);
    if (before > kLinesASecond)
      log_.warn("more warnings about peers were not written", {{"count", before - kLinesASecond}});
  }
  if (++lines_ <= kLinesASecond) log_.warn(message, fields);
}

}  // namespace porpoise
