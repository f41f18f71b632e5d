// Engine: what masters are told, when, and until when.
#include <utility>

#include "engine/engine.h"
#include "engine/task_messages.h"

namespace porpoise {

void Engine::handle(const event::Acked& event, Moment) {
  const Outbox::Key key = event.key;
  AcceptedTask* const task = find(key.task_instance_id);
  if (key.kind == MessageKind::kResult && task != nullptr && std::exchange(task->delay_unacked, false))
    return;  // if it was for the RESULT after all, that is told and acknowledged once more
  if (!outbox_.acknowledge(key) || key.kind != MessageKind::kResult || task == nullptr) return;
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
