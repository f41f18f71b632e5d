// The largest value of the last one to two minutes: what Micrometer calls the max of a timer. Confined to one thread or
// guarded by its owner. Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace porpoise {

class RecentMax {
 public:
  using Clock = std::chrono::steady_clock;

  void add(double value, Clock::time_point now) {
    turn(now);
    current_ = std::max(current_, value);
  }

  // 0 when there was none.
  double value(Clock::time_point now) {
    turn(now);
    return std::max(current_, previous_);
  }

 private:
  static constexpr std::chrono::minutes kWindow{1};  // every scraper that asks each minute sees every maximum

  void turn(Clock::time_point now) {
    if (now - begin_ < kWindow) return;
    previous_ = now - begin_ < 2 * kWindow ? current_ : 0;
    current_ = 0;
    begin_ = now;
  }

  Clock::time_point begin_{};
  double current_ = 0;
  double previous_ = 0;
};

}  // namespace porpoise
