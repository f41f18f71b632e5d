#include "engine/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/accepted_task.h"

namespace porpoise {

const char* name_of(const Event& event) {
  static constexpr const char* kNames[] = {"Dispatched", "KillAsked",  "HostChanged", "Acked",      "NotSent",
                                           "Scanned",    "Stored",     "Looked",      "AppId",      "Alerted",
                                           "Ended",      "Registered", "SessionLost", "Terminated", "Woken"};
  static_assert(std::size(kNames) == std::variant_size_v<Event>);
  return kNames[event.index()];
}

std::vector<Action> Engine::on(Event event, Moment now) {
  if (gone()) {  // what is written only now would be found by the next run
    const auto* const stored = std::get_if<event::Stored>(&event);
    return stored != nullptr && stored->ok ? std::vector<Action>{action::Forget{stored->task_instance_id}}
                                           : std::vector<Action>();
  }
  std::visit([&](auto& one) { handle(std::move(one), now); }, event);
  settle_membership();
  start_due(now);
  send_due(now);
  give_up(now);
  step_shutdown(now);
  return std::exchange(actions_, {});
}

std::optional<std::int64_t> Engine::next_wakeup_mono_ms(Moment now) const {
  if (gone()) return std::nullopt;
  std::optional<std::int64_t> next = outbox_.next_wakeup_mono_ms();
  const auto also = [&](std::int64_t due) { next = std::min(next.value_or(due), due); };
  if (!closed_ && !queue_.empty() && running_ < static_cast<std::size_t>(settings_.slots))
    also(std::max(now.mono_ms, queue_.begin()->first.first));
  if (stage_ == Stage::kDraining || stage_ == Stage::kFlushing) also(limit_mono_ms_);
  return next;
}

std::map<std::string, std::size_t> Engine::running_by_type() const {
  std::map<std::string, std::size_t> types;
  for (const auto& [id, task] : tasks_)
    if (task.phase == TaskPhase::kRunning) ++types[task.dispatch.context.task_type];
  return types;
}

bool Engine::has_unfinished(std::int64_t task_instance_id) const {
  const auto found = tasks_.find(task_instance_id);
  return found != tasks_.end() && found->second.phase != TaskPhase::kEnded;
}

std::string Engine::master_of(std::int64_t task_instance_id) const {
  const auto found = tasks_.find(task_instance_id);
  return found == tasks_.end() ? "" : found->second.dispatch.master;
}

std::set<std::int64_t> Engine::task_ids() const {
  std::set<std::int64_t> ids;
  for (const auto& [id, task] : tasks_) ids.insert(ids.end(), id);
  return ids;
}

std::size_t Engine::task_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, task] : tasks_)
    if (task.phase != TaskPhase::kEnded) bytes += task.bytes;
  return bytes;
}

void Engine::shed_orders(AcceptedTask& task) {
  wire::TaskContext& context = task.dispatch.context;
  context.task_params = {};
  context.environment_config = {};
  context.prepare_params = {};
  context.business_params = {};
  context.global_params = {};
  context.var_pool = {};
  context.resources = {};
}

AcceptedTask* Engine::find(std::int64_t id) {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : &found->second;
}

// --- What masters are told, when, and until when ---

void Engine::handle(const event::Acked& event, Moment) {
  const Outbox::Key key = event.key;
  AcceptedTask* const task = find(key.task_instance_id);
  if (key.kind == MessageKind::kResult && task != nullptr && std::exchange(task->delay_unacked, false))
    return;  // if it was for the RESULT after all, that is told and acknowledged once more
  const std::optional<std::int64_t> since = outbox_.acknowledge(key);
  if (!since || key.kind != MessageKind::kResult || task == nullptr) return;
  want(action::Told{key.task_instance_id, *since});
  forget(key.task_instance_id);
}

void Engine::handle(const event::NotSent& event, Moment now) { outbox_.not_sent(event.key, now); }

// Whom nothing on disk names is told when a master has asked for it.
void Engine::send_due(Moment now) {
  for (Outbox::Due& due : outbox_.take_due(now)) {
    const bool known = std::visit([](const auto& m) { return !m.addressing.receiver.empty(); }, due.message);
    if (known)
      want(action::Send{due.key, std::move(due.message)});
    else
      outbox_.not_sent(due.key, now);
  }
}

void Engine::give_up(Moment now) {
  for (const Outbox::Key key : outbox_.take_expired(now)) {
    const AcceptedTask* const task = find(key.task_instance_id);
    // The master that killed it never acknowledges the end; that is no loss.
    if (task == nullptr || !task->killed) want(action::GaveUp{key});
    if (key.kind == MessageKind::kResult && task != nullptr) forget(key.task_instance_id);
  }
}

void Engine::put_running(const AcceptedTask& task, Moment now) {
  if (task.maybe_told) return;
  outbox_.put({task.id(), MessageKind::kRunning}, running_message(task, settings_.address), now);
}

void Engine::put_result(AcceptedTask& task, const TaskResult& result, Moment now) {
  wire::TaskEnded message = ended_message(task, result, settings_.address);
  recent_.remember(message);
  outbox_.put({task.id(), MessageKind::kResult}, std::move(message), now);
  if (task.killed) outbox_.limit_tries(task.id());
  shed_orders(task);
}

// 3.1 says it once and expects no ACK.
void Engine::tell_delay(const AcceptedTask& task, Moment now) {
  want(action::Send{std::nullopt, delayed_message(task, now.wall_ms, settings_.address)});
}

void Engine::forget(std::int64_t id) {
  tasks_.erase(id);
  want(action::Forget{id});
}

}  // namespace porpoise
