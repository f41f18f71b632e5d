// The ends of tasks that were told lately: a dispatch that a master repeats is answered from here, not run again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

#include "wire/messages.h"

namespace porpoise {

// Owned by the Engine. Bounded: the oldest is forgotten first.
class RecentResults {
 public:
  void remember(const wire::TaskEnded& message) {
    if (!messages_.insert_or_assign(message.task_instance_id, message).second) return;
    order_.push_back(message.task_instance_id);
    if (order_.size() <= kMax) return;
    messages_.erase(order_.front());
    order_.pop_front();
  }

  // Null: not known (any more).
  const wire::TaskEnded* find(std::int64_t task_instance_id) const {
    const auto found = messages_.find(task_instance_id);
    return found == messages_.end() ? nullptr : &found->second;
  }

 private:
  static constexpr std::size_t kMax = 4096;  // a master repeats a dispatch within seconds, if at all

  std::map<std::int64_t, wire::TaskEnded> messages_;
  std::deque<std::int64_t> order_;
};

}  // namespace porpoise
