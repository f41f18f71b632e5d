// Engine: tasks from the queue to their end, or killed before.
#include <utility>

#include "engine/accepted_task.h"
#include "engine/engine.h"

namespace porpoise {

// --- Start ---

void Engine::start_due(Moment now) {
  while (!closed_ && running_ < static_cast<std::size_t>(settings_.slots) && !queue_.empty()) {
    const auto first = queue_.begin();
    if (first->first.first > now.mono_ms) return;
    AcceptedTask* const task = find(first->second);
    queue_.erase(first);
    if (task != nullptr) begin(*task, now);
  }
}

void Engine::begin(AcceptedTask& task, Moment now) {
  task.enter(TaskPhase::kRunning, now);
  task.start_time_ms = now.wall_ms;
  ++running_;
  if (!task.dispatch.context.dry_run) put_running(task, now);  // 3.1 tells nothing of a dry run but its end
  want(action::Launch{task});
  shed_orders(task);  // whoever launches it has them
}

// --- Kill ---

void Engine::handle(const event::KillAsked& event, Moment now) {
  if (AcceptedTask* const task = find(event.task_instance_id)) return kill(*task, event, now);
  // 3.1 leaves its master without an answer here. That it is not known does not mean that nothing of it lives.
  std::vector<event::KillAsked>& askers = looking_[event.task_instance_id];
  askers.push_back(event);
  if (askers.size() == 1) want(action::Look{event.task_instance_id});
}

void Engine::handle(const event::Looked& event, Moment now) {
  const std::vector<event::KillAsked> askers = std::move(looking_[event.task_instance_id]);
  looking_.erase(event.task_instance_id);
  if (event.found && find(event.task_instance_id) == nullptr) recover(*event.found, Ownership::kResumed, now);
  for (const event::KillAsked& order : askers) {
    if (AcceptedTask* const task = find(event.task_instance_id))
      kill(*task, order, now);
    else
      want(action::AnswerKill{order.asker, killed_unstarted(event.task_instance_id, settings_.address)});
  }
}

// "killed by order of its master 10.0.0.5:5678", or of who else asked: after a failover not the one that dispatched.
std::string Engine::kill_reason(const AcceptedTask& task) {
  const std::string own = "master " + task.dispatch.master;
  if (task.killed_by.empty() || task.killed_by == own) return "killed by order of its " + own;
  return "killed by order of " + task.killed_by;
}

void Engine::kill(AcceptedTask& task, const event::KillAsked& order, Moment now) {
  const ReplyTo asker = order.asker;
  task.killed = true;
  task.killed_by = order.who;
  if (!task.end_asked_mono_ms) task.end_asked_mono_ms = now.mono_ms;
  switch (task.phase) {
    case TaskPhase::kStoring: task.kill_askers.push_back(asker); break;  // answered when it is known what is on disk
    case TaskPhase::kWaiting:
      task.kill_askers.push_back(asker);
      leave_queue(task.id());
      end_killed(task, now);
      break;
    case TaskPhase::kRunning:
      task.kill_askers.push_back(asker);  // answered when its tree is verified dead
      want(action::Cancel{task.id(), kill_reason(task), false});
      break;
    case TaskPhase::kEnded:
      outbox_.limit_tries(task.id());
      want(action::AnswerKill{asker, killed(task.id(), 0, task.app_ids, settings_.address)});
      break;
  }
}

void Engine::end_killed(AcceptedTask& task, Moment now) {
  const std::string why = "never started: " + kill_reason(task) + " while it waited";
  const std::vector<ReplyTo> askers = std::exchange(task.kill_askers, {});
  end_unstarted(task, TaskState::kKill, why, now);
  for (const ReplyTo asker : askers) want(action::AnswerKill{asker, killed_unstarted(task.id(), settings_.address)});
}

void Engine::end_unstarted(AcceptedTask& task, TaskState state, std::string why, Moment now) {
  TaskResult result;
  result.task_instance_id = task.id();
  result.state = state;
  result.message = std::move(why);
  result.start_time_ms = result.end_time_ms = now.wall_ms;
  result.var_pool = task.dispatch.context.var_pool;
  result.app_ids = task.app_ids;
  task.enter(TaskPhase::kEnded, now);
  want(action::StoreResult{task, result});
  if (state == TaskState::kFailure) want(action::Finished{task.dispatch.context.task_type, result});
  put_result(task, result, now);
}

void Engine::answer_kills(AcceptedTask& task, const TaskResult& result) {
  for (const ReplyTo asker : std::exchange(task.kill_askers, {}))
    want(action::AnswerKill{asker, killed(task.id(), result.process_id, result.app_ids, settings_.address)});
}

// --- From hosts ---

void Engine::handle(const event::AppId& event, Moment now) {
  AcceptedTask* const task = find(event.task_instance_id);
  if (task == nullptr || task->phase != TaskPhase::kRunning || task->abandoned) return;
  task->app_ids += (task->app_ids.empty() ? "" : ",") + event.app_id;
  put_running(*task, now);
}

void Engine::handle(const event::Alerted& event, Moment) {
  if (find(event.task_instance_id) != nullptr) want(action::StoreAlerted{event.task_instance_id});
}

void Engine::handle(const event::Ended& event, Moment now) {
  AcceptedTask* const task = find(event.task_instance_id);
  if (task == nullptr || task->phase != TaskPhase::kRunning) return;
  const TaskResult& result = event.result;
  want(action::Finished{task->dispatch.context.task_type, result});
  --running_;
  task->enter(TaskPhase::kEnded, now);
  task->killed = task->killed || result.state == TaskState::kKill;  // the order may have come to an earlier run
  answer_kills(*task, result);
  if (task->abandoned) return forget(task->id());
  put_result(*task, result, now);
}

}  // namespace porpoise
