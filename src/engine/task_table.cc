#include "engine/task_table.h"

#include <algorithm>
#include <utility>

#include "engine/task_messages.h"

namespace porpoise {
namespace {

constexpr int kRejectTries = 10;  // that reach it, over minutes: each makes a 3.1 master dispatch it again

// By the submit time, but never longer than asked for, wherever the clocks of master and worker are or jump to. Without
// a submit time there is nothing to count from (3.1: no delay then).
std::int64_t delay_ms(const wire::TaskContext& context, std::int64_t wall_ms) {
  if (context.delay_minutes <= 0 || context.first_submit_time_ms <= 0) return 0;
  const std::int64_t delay = std::chrono::milliseconds(std::chrono::minutes(context.delay_minutes)).count();
  return std::clamp<std::int64_t>(context.first_submit_time_ms + delay - wall_ms, 0, delay);
}

}  // namespace

// --- Dispatch ---

TaskTable::Admission TaskTable::dispatch(AcceptedTask task, std::string_view body, Moment now) {
  const std::int64_t id = task.id();
  Admission admission = admit(id);
  if (admission == Admission::kAccepted && !effects_.keep(id, body)) admission = Admission::kNotKept;
  switch (admission) {
    case Admission::kAccepted: accept(std::move(task), now); break;
    case Admission::kKnown: accept_again(id, task.dispatch.master, now); break;
    case Admission::kFull:
    case Admission::kClosed:
    case Admission::kNotKept: reject(task, now); break;
  }
  return admission;
}

TaskTable::Admission TaskTable::admit(std::int64_t task_instance_id) const {
  const auto found = tasks_.find(task_instance_id);
  if (found != tasks_.end()) return found->second.abandoned ? Admission::kClosed : Admission::kKnown;
  if (recent_.find(task_instance_id) != nullptr) return Admission::kKnown;
  if (closed_) return Admission::kClosed;
  const bool full = settings_.max_waiting > 0 && queue_.size() > static_cast<std::size_t>(settings_.max_waiting);
  return full ? Admission::kFull : Admission::kAccepted;
}

void TaskTable::accept(AcceptedTask task, Moment now) {
  const std::int64_t id = task.id();
  outbox_.drop(id);  // a REJECT of the same instance that its master has answered by dispatching it again
  task.phase = TaskPhase::kWaiting;
  task.accepted_mono_ms = now.mono_ms;
  AcceptedTask& kept = tasks_.insert_or_assign(id, std::move(task)).first->second;
  kept.delay_unacked = delay_ms(kept.dispatch.context, now.wall_ms) > 0;
  if (kept.delay_unacked) tell_delay(kept, now);
  enqueue(kept, now);
}

void TaskTable::accept_again(std::int64_t task_instance_id, const std::string& master, Moment now) {
  if (const auto found = tasks_.find(task_instance_id); found != tasks_.end()) {
    change_master(found->second, master);
    outbox_.retarget(task_instance_id, master, now);
    if (found->second.phase == TaskPhase::kRunning) put_running(found->second, now);
  } else if (const wire::TaskEnded* const recent = recent_.find(task_instance_id)) {
    wire::TaskEnded message = *recent;
    message.addressing.receiver = master;
    outbox_.put({task_instance_id, MessageKind::kResult}, std::move(message), now);
  }
}

void TaskTable::reject(const AcceptedTask& task, Moment now) {
  outbox_.put({task.id(), MessageKind::kReject}, rejected_message(task, now.wall_ms, settings_.address), now,
              kRejectTries);
}

void TaskTable::recover(AcceptedTask task, std::optional<TaskResult> result, Moment now) {
  const std::int64_t id = task.id();
  task.accepted_mono_ms = now.mono_ms;
  task.killed = result && result->state == TaskState::kKill;
  const AcceptedTask& kept = tasks_.insert_or_assign(id, std::move(task)).first->second;
  switch (kept.phase) {
    case TaskPhase::kWaiting: enqueue(kept, now); break;
    case TaskPhase::kRunning:
      ++running_;
      if (kept.abandoned)
        effects_.cancel(kept, "an earlier run of the worker had given it up", true);
      else
        put_running(kept, now);
      break;
    case TaskPhase::kEnded: put_result(kept, result.value_or(TaskResult{}), now); break;
  }
}

// --- Orders of masters ---

void TaskTable::kill(std::int64_t task_instance_id, ReplyTo asker, Moment now) {
  const auto found = tasks_.find(task_instance_id);
  if (found == tasks_.end()) {  // 3.1 leaves its master without an answer here
    effects_.answer_kill(asker, killed_unstarted(task_instance_id, settings_.address));
    return;
  }
  AcceptedTask& task = found->second;
  task.killed = true;
  switch (task.phase) {
    case TaskPhase::kWaiting:
      end_unstarted(task, now);
      effects_.answer_kill(asker, killed_unstarted(task_instance_id, settings_.address));
      break;
    case TaskPhase::kRunning:
      task.kill_askers.push_back(asker);  // answered when its tree is verified dead
      effects_.cancel(task, "killed by order of its master " + task.dispatch.master, false);
      break;
    case TaskPhase::kEnded:
      outbox_.limit_tries(task_instance_id);
      effects_.answer_kill(asker, killed(task_instance_id, 0, task.app_ids, settings_.address));
      break;
  }
}

void TaskTable::update_host(std::int64_t task_instance_id, const std::string& master, Moment now) {
  if (const auto found = tasks_.find(task_instance_id); found != tasks_.end()) change_master(found->second, master);
  outbox_.retarget(task_instance_id, master, now);
}

void TaskTable::change_master(AcceptedTask& task, const std::string& master) {
  if (std::exchange(task.dispatch.master, master) != master) effects_.keep_master(task);
}

void TaskTable::acknowledge(Outbox::Key key) {
  const auto found = tasks_.find(key.task_instance_id);
  if (key.kind == MessageKind::kResult && found != tasks_.end() && std::exchange(found->second.delay_unacked, false))
    return;  // if it was for the RESULT after all, that is told and acknowledged once more
  if (!outbox_.acknowledge(key) || key.kind != MessageKind::kResult || found == tasks_.end()) return;
  tasks_.erase(found);
  effects_.forget(key.task_instance_id);
}

// --- Execution ---

void TaskTable::app_id(std::int64_t task_instance_id, const std::string& app_id, Moment now) {
  const auto found = tasks_.find(task_instance_id);
  if (found == tasks_.end() || found->second.phase != TaskPhase::kRunning || found->second.abandoned) return;
  std::string& ids = found->second.app_ids;
  ids += (ids.empty() ? "" : ",") + app_id;
  put_running(found->second, now);
}

void TaskTable::ended(std::int64_t task_instance_id, const TaskResult& result, Moment now) {
  const auto found = tasks_.find(task_instance_id);
  if (found == tasks_.end() || found->second.phase != TaskPhase::kRunning) return;
  AcceptedTask& task = found->second;
  --running_;
  task.phase = TaskPhase::kEnded;
  task.killed = task.killed || result.state == TaskState::kKill;  // the order may have come to an earlier run
  answer_kills(task, result);
  if (task.abandoned) {
    tasks_.erase(found);
    effects_.forget(task_instance_id);
    return;
  }
  put_result(task, result, now);
}

void TaskTable::end_unstarted(AcceptedTask& task, Moment now) {
  leave_queue(task.id());
  TaskResult result;
  result.task_instance_id = task.id();
  result.state = TaskState::kKill;
  result.message = "killed by order of its master " + task.dispatch.master + " before it started";
  result.start_time_ms = result.end_time_ms = now.wall_ms;
  result.var_pool = task.dispatch.context.var_pool;
  result.app_ids = task.app_ids;
  task.phase = TaskPhase::kEnded;
  effects_.record(task, result);
  put_result(task, result, now);
}

void TaskTable::answer_kills(AcceptedTask& task, const TaskResult& result) {
  for (const ReplyTo asker : task.kill_askers)
    effects_.answer_kill(asker, killed(task.id(), result.process_id, result.app_ids, settings_.address));
  task.kill_askers.clear();
}

// --- Time ---

void TaskTable::tick(Moment now) {
  start_due(now);
  send_due(now);
  give_up(now);
}

void TaskTable::start_due(Moment now) {
  while (!closed_ && running_ < static_cast<std::size_t>(settings_.slots) && !queue_.empty()) {
    const auto first = queue_.begin();
    if (first->first.first > now.mono_ms) return;
    const auto found = tasks_.find(first->second);
    queue_.erase(first);
    if (found != tasks_.end()) begin(found->second, now);
  }
}

void TaskTable::begin(AcceptedTask& task, Moment now) {
  task.phase = TaskPhase::kRunning;
  task.start_time_ms = now.wall_ms;
  ++running_;
  if (!task.dispatch.context.dry_run) put_running(task, now);  // 3.1 tells nothing of a dry run but its end
  effects_.start(task);
}

void TaskTable::send_due(Moment now) {
  for (const Outbox::Due& due : outbox_.take_due(now)) effects_.send(due.key, due.message);
}

void TaskTable::give_up(Moment now) {
  for (const Outbox::Key key : outbox_.take_expired(now)) {
    const auto found = tasks_.find(key.task_instance_id);
    // The master that killed it never acknowledges the end; that is no loss.
    if (found == tasks_.end() || !found->second.killed) effects_.gave_up(key);
    if (key.kind != MessageKind::kResult || found == tasks_.end()) continue;
    tasks_.erase(found);
    effects_.forget(key.task_instance_id);
  }
}

std::optional<std::int64_t> TaskTable::next_wakeup_mono_ms(Moment now) const {
  std::optional<std::int64_t> next = outbox_.next_wakeup_mono_ms();
  if (!closed_ && !queue_.empty() && running_ < static_cast<std::size_t>(settings_.slots)) {
    const std::int64_t due = std::max(now.mono_ms, queue_.begin()->first.first);
    next = std::min(next.value_or(due), due);
  }
  return next;
}

std::string TaskTable::type_of(std::int64_t task_instance_id) const {
  const auto found = tasks_.find(task_instance_id);
  return found == tasks_.end() ? "" : found->second.dispatch.context.task_type;
}

std::map<std::string, std::size_t> TaskTable::running_by_type() const {
  std::map<std::string, std::size_t> types;
  for (const auto& [id, task] : tasks_)
    if (task.phase == TaskPhase::kRunning) ++types[task.dispatch.context.task_type];
  return types;
}

// --- Ends of the worker ---

void TaskTable::drain(Moment now) {
  closed_ = true;
  for (const auto& [order, id] : queue_) {
    reject(tasks_.at(id), now);
    tasks_.erase(id);
    effects_.forget(id);
  }
  queue_.clear();
}

void TaskTable::fence(const std::string& reason) {
  closed_ = true;
  for (const auto& [order, id] : queue_) {
    tasks_.erase(id);
    effects_.forget(id);
  }
  queue_.clear();
  for (auto& [id, task] : tasks_) {
    if (task.phase != TaskPhase::kRunning || task.abandoned)
      continue;  // an end from before is worth telling: it may spare a rerun
    outbox_.drop(id);
    task.abandoned = true;
    effects_.abandon(id);
    effects_.cancel(task, reason, true);
  }
}

// --- Messages ---

void TaskTable::put_running(const AcceptedTask& task, Moment now) {
  outbox_.put({task.id(), MessageKind::kRunning}, running_message(task, settings_.address), now);
}

void TaskTable::put_result(const AcceptedTask& task, const TaskResult& result, Moment now) {
  wire::TaskEnded message = ended_message(task, result, settings_.address);
  recent_.remember(message);
  outbox_.put({task.id(), MessageKind::kResult}, std::move(message), now);
  if (task.killed) outbox_.limit_tries(task.id());
}

// 3.1 says it once and expects no ACK.
void TaskTable::tell_delay(const AcceptedTask& task, Moment now) {
  effects_.send(std::nullopt, delayed_message(task, now.wall_ms, settings_.address));
}

void TaskTable::enqueue(const AcceptedTask& task, Moment now) {
  const std::int64_t due = now.mono_ms + delay_ms(task.dispatch.context, now.wall_ms);
  queue_.emplace(std::pair(due, next_arrival_++), task.id());
}

void TaskTable::leave_queue(std::int64_t task_instance_id) {
  std::erase_if(queue_, [&](const auto& item) { return item.second == task_instance_id; });
}

}  // namespace porpoise
