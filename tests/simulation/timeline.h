// Simulated time: what is to happen, in order. Nothing waits; the clock jumps from one event to the next.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace porpoise::simulation {

class Timeline {
 public:
  using Action = std::function<void()>;

  std::int64_t now() const { return now_; }
  void after(std::int64_t ms, Action action) { at(now_ + ms, std::move(action)); }
  void at(std::int64_t when, Action action) {
    heap_.push_back({std::max(when, now_), next_++, std::move(action)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  void run_until(std::int64_t end) {
    while (!heap_.empty() && heap_.front().when <= end) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      const Entry entry = std::move(heap_.back());
      heap_.pop_back();
      now_ = entry.when;
      entry.action();
    }
    now_ = std::max(now_, end);
  }

 private:
  struct Entry {
    std::int64_t when;
    std::uint64_t order;  // what was planned first happens first
    Action action;
  };
  static bool later(const Entry& a, const Entry& b) { return std::pair(a.when, a.order) > std::pair(b.when, b.order); }

  std::int64_t now_ = 0;
  std::uint64_t next_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace porpoise::simulation
