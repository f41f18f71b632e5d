// Warnings that peers can cause as often as they like: a few a second, and then how many more there were. A storm must
// not fill the disk that tasks write their logs to.
//
// Made in main; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "observe/log.h"

namespace porpoise {

class RateLimitedLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t kLinesASecond = 10;

  explicit RateLimitedLog(Log& log) : log_(log) {}

  void warn(std::string_view message, LogFields fields = {}, Clock::time_point now = Clock::now());

 private:
  Log& log_;
  Clock::time_point began_{};  // of this second
  std::uint64_t lines_ = 0;    // of this second, said or not
};

}  // namespace porpoise
