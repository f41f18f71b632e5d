#include "engine/outbox.h"

#include <algorithm>

#include "engine/accepted_task.h"

namespace porpoise {
namespace {

// first, 2 × first, 4 × first … cap; `n` counts from 0.
std::int64_t backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap, int n) {
  constexpr int kMaxDoublings = 20;  // far above every cap
  return std::min(first.count() << std::min(n, kMaxDoublings), cap.count());
}

}  // namespace

void Outbox::put(Key key, MasterMessage message, Moment now, int tries) {
  if (key.kind == MessageKind::kResult) entries_.erase({key.task_instance_id, MessageKind::kRunning});
  const auto* const ended = std::get_if<wire::TaskEnded>(&message);
  const std::size_t bytes = sizeof(Entry) + (ended != nullptr ? bytes_of(*ended) : 0);
  entries_.insert_or_assign(key, Entry{std::move(message), now.mono_ms, now.mono_ms, 0, 0, tries, bytes});
}

std::size_t Outbox::bytes() const {
  std::size_t sum = 0;
  for (const auto& [key, entry] : entries_) sum += entry.bytes;
  return sum;
}

std::optional<std::int64_t> Outbox::acknowledge(Key key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const std::int64_t since = found->second.since_mono_ms;
  entries_.erase(found);
  return since;
}

void Outbox::retarget(std::int64_t task_instance_id, const std::string& master, Moment now,
                      std::int64_t process_instance_id) {
  for (auto& [key, entry] : entries_) {
    if (key.task_instance_id != task_instance_id) continue;
    std::visit(
        [&](auto& message) {
          message.addressing.receiver = master;
          if (message.process_instance_id == 0) message.process_instance_id = process_instance_id;
        },
        entry.message);
    entry.due_mono_ms = now.mono_ms;
    entry.sent = entry.unreachable = 0;
  }
}

void Outbox::resend(std::int64_t task_instance_id, Moment now) {
  for (auto& [key, entry] : entries_)
    if (key.task_instance_id == task_instance_id) entry.due_mono_ms = now.mono_ms;
}

void Outbox::limit_tries(std::int64_t task_instance_id) {
  for (auto& [key, entry] : entries_)
    if (key.task_instance_id == task_instance_id) entry.tries = entry.sent + limits_.tries_after_kill;
}

void Outbox::drop(std::int64_t task_instance_id) {
  for (const MessageKind kind : {MessageKind::kRunning, MessageKind::kResult, MessageKind::kReject})
    entries_.erase({task_instance_id, kind});
}

std::vector<Outbox::Due> Outbox::take_due(Moment now) {
  std::vector<Due> due;
  for (auto& [key, entry] : entries_) {
    if (entry.due_mono_ms > now.mono_ms || (entry.tries > 0 && entry.sent >= entry.tries)) continue;
    due.push_back({key, entry.message});
    entry.due_mono_ms = now.mono_ms + backoff(limits_.first_retry, limits_.max_retry, entry.sent);
    ++entry.sent;
  }
  return due;
}

void Outbox::not_sent(Key key, Moment now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const std::int64_t wait = backoff(limits_.first_reconnect, limits_.max_reconnect, entry.unreachable++);
  entry.due_mono_ms = now.mono_ms + wait;
  if (entry.tries == 0) entry.sent = 0;  // the schedule of missing ACKs begins when the master has heard it
  // A master that cannot be reached waits for this as long as it lives; only for what it has killed does it not.
  if (key.kind == MessageKind::kReject) entry.sent = std::max(0, entry.sent - 1);
}

std::vector<Outbox::Key> Outbox::take_expired(Moment now) {
  std::vector<Key> expired;
  std::erase_if(entries_, [&](const auto& item) {
    const auto& [key, entry] = item;
    const bool tried_enough = entry.tries > 0 && entry.sent >= entry.tries && entry.due_mono_ms <= now.mono_ms;
    if (!tried_enough && now.mono_ms - entry.since_mono_ms < limits_.max_age.count()) return false;
    expired.push_back(key);
    return true;
  });
  return expired;
}

std::optional<Outbox::Standing> Outbox::standing(std::int64_t task_instance_id) const {
  for (const MessageKind kind : {MessageKind::kResult, MessageKind::kRunning, MessageKind::kReject})
    if (const auto found = entries_.find({task_instance_id, kind}); found != entries_.end()) {
      const Entry& entry = found->second;
      return Standing{kind, entry.sent, entry.unreachable, entry.since_mono_ms, entry.due_mono_ms};
    }
  return std::nullopt;
}

std::optional<std::int64_t> Outbox::next_wakeup_mono_ms() const {
  std::optional<std::int64_t> next;
  for (const auto& [key, entry] : entries_) next = std::min(next.value_or(entry.due_mono_ms), entry.due_mono_ms);
  return next;
}

std::int64_t Outbox::oldest_age_ms(Moment now) const {
  std::int64_t oldest = 0;
  for (const auto& [key, entry] : entries_) oldest = std::max(oldest, now.mono_ms - entry.since_mono_ms);
  return oldest;
}

}  // namespace porpoise
