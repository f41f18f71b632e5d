// The ends of tasks that were told lately: a dispatch that a master repeats is answered from here, not run again.
//
// Owned by the Engine; one thread; pure. Bounded: the oldest is forgotten first. Of how it ended the state, its times
// and paths are kept; its parameters and remote jobs, which may be megabytes, only of the last few, which are told to
// the byte as before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "engine/task_messages.h"
#include "wire/messages.h"

namespace porpoise {

class RecentResults {
 public:
  void remember(const wire::TaskEnded& message) {
    const std::int64_t id = message.task_instance_id;
    const std::size_t size = bytes_of(message);
    if (const auto known = messages_.find(id); known != messages_.end()) bytes_ -= bytes_of(known->second);
    bytes_ += size;
    if (messages_.insert_or_assign(id, message).second) order_.push_back(id);
    whole_.push_back(id);
    if (order_.size() > kMax) forget_first();
    shed();
  }

  // Null: not known (any more).
  const wire::TaskEnded* find(std::int64_t task_instance_id) const {
    const auto found = messages_.find(task_instance_id);
    return found == messages_.end() ? nullptr : &found->second;
  }

  // About what they take in memory.
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kMax = 4096;            // a master repeats a dispatch within seconds, if at all
  static constexpr std::size_t kMaxBytes = 6U << 20U;  // of all; 4,096 that were shed are a third of it

  void forget_first() {
    const auto first = messages_.find(order_.front());
    bytes_ -= bytes_of(first->second);
    messages_.erase(first);
    order_.pop_front();
    while (!whole_.empty() && !messages_.contains(whole_.front())) whole_.pop_front();
  }

  void shed() {
    while (bytes_ > kMaxBytes && !whole_.empty()) {
      const auto oldest = messages_.find(whole_.front());
      whole_.pop_front();
      if (oldest == messages_.end()) continue;
      wire::TaskEnded& message = oldest->second;
      bytes_ -= bytes_of(message);
      message.var_pool.reset();
      message.app_ids = {};
      bytes_ += bytes_of(message);
    }
  }

  std::map<std::int64_t, wire::TaskEnded> messages_;
  std::deque<std::int64_t> order_;
  std::deque<std::int64_t> whole_;  // those of them that nothing has been taken from; some twice
  std::size_t bytes_ = 0;
};

}  // namespace porpoise
