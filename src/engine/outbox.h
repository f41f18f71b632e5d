// What masters have not acknowledged yet, and when to say it again (better than 3.1 `MessageRetryRunner`, which waits
// five minutes, forgets nothing while it lives and everything when it ends).
//
// Pure: time is passed in, sending is an adapter's. Owned by the Engine; one thread. Nothing in here is durable
// by itself: a RESULT comes back from the task's state folder after a restart.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/accepted_task.h"
#include "wire/messages.h"

namespace porpoise {

using wire::MessageKind;

// To a master, with or without retry.
using MasterMessage = std::variant<wire::TaskRunning, wire::TaskEnded, wire::TaskRejected>;

struct OutboxLimits {
  std::chrono::milliseconds first_retry{2000};  // after a message was sent and no ACK came; then doubled
  std::chrono::milliseconds max_retry{60000};
  std::chrono::milliseconds first_reconnect{500};  // after a message could not be sent; then doubled
  std::chrono::milliseconds max_reconnect{5000};   // so that a master which is back hears of everything within seconds
  std::chrono::milliseconds max_age{std::chrono::hours(24)};
  int tries_after_kill = 3;  // 3.1 masters never acknowledge the RESULT of a task that they have killed
};

class Outbox {
 public:
  using Key = wire::MessageKey;
  struct Due {
    Key key;
    MasterMessage message;
  };

  // How it stands with what waits about one task.
  struct Standing {
    MessageKind kind = MessageKind::kRunning;
    int sent = 0;         // how often it was told, and not acknowledged
    int unreachable = 0;  // how often in a row it could not be told
    std::int64_t since_mono_ms = 0;
    std::int64_t due_mono_ms = 0;  // next
  };

  explicit Outbox(OutboxLimits limits) : limits_(limits) {}

  // Due at once. Replaces a message of the same kind; a RESULT also replaces RUNNING, which must never come after it.
  // `tries`: 0 means until it is acknowledged or too old.
  void put(Key key, MasterMessage message, Moment now, int tries = 0);
  // Since when it has waited (mono_ms); nothing: nothing like it was waiting.
  std::optional<std::int64_t> acknowledge(Key key);
  // Another master owns the task now: all that waits for it goes there, at once.
  // `process_instance_id`: for a message that does not have it; 0: not known.
  void retarget(std::int64_t task_instance_id, const std::string& master, Moment now,
                std::int64_t process_instance_id = 0);
  // Due at once, whatever the schedule says.
  void resend(std::int64_t task_instance_id, Moment now);
  void limit_tries(std::int64_t task_instance_id);
  void drop(std::int64_t task_instance_id);

  // Everything that is due, each counted as one try.
  std::vector<Due> take_due(Moment now);
  // It did not reach the master: try again sooner than after a missing ACK.
  void not_sent(Key key, Moment now);
  // What is given up: too old, or tried often enough. The caller forgets the task.
  std::vector<Key> take_expired(Moment now);

  std::optional<std::int64_t> next_wakeup_mono_ms() const;
  std::size_t size() const { return entries_.size(); }
  // About what they take in memory.
  std::size_t bytes() const;
  std::int64_t oldest_age_ms(Moment now) const;
  // Of a RESULT rather than of anything else; nothing: all has been acknowledged.
  std::optional<Standing> standing(std::int64_t task_instance_id) const;
  bool has(Key key) const { return entries_.contains(key); }

 private:
  struct Entry {
    MasterMessage message;
    std::int64_t since_mono_ms = 0;
    std::int64_t due_mono_ms = 0;
    int sent = 0;         // tries so far
    int unreachable = 0;  // of those, in a row, that did not get out
    int tries = 0;        // 0: no limit
    std::size_t bytes = 0;
  };

  OutboxLimits limits_;
  std::map<Key, Entry> entries_;
};

// The ends of tasks that were told lately: a dispatch that a master repeats is answered from here, not run again.
//
// Owned by the Engine; one thread; pure. Bounded: the oldest is forgotten first. Of how it ended the state, its times
// and paths are kept; its parameters and remote jobs, which may be megabytes, only of the last few, which are told to
// the byte as before.

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
