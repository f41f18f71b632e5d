// Engine: what masters order, from the frame to the queue.
#include <algorithm>
#include <utility>

#include "engine/accepted_task.h"
#include "engine/engine.h"

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

// --- Dispatch: admit, Store, Stored, accept ---

void Engine::handle(event::Dispatched event, Moment now) {
  const std::int64_t id = event.task.id();
  switch (admit(id)) {
    case Admission::kKnown: want(action::Known{id}); return accept_again(event.task, now);
    case Admission::kFull: return refuse(event.task, Refusal::kFull, now);
    case Admission::kClosed: return refuse(event.task, Refusal::kClosed, now);
    case Admission::kAccepted: break;
  }
  event.task.bytes = bytes_of(event.task.dispatch.context);
  if (too_large(event.task)) return refuse(event.task, Refusal::kFull, now);
  event.task.enter(TaskPhase::kStoring, now);
  event.task.accepted_mono_ms = now.mono_ms;
  const AcceptedTask& kept = tasks_.insert_or_assign(id, std::move(event.task)).first->second;
  ++storing_;
  want(action::Store{kept, std::move(event.body)});
}

Engine::Admission Engine::admit(std::int64_t id) const {
  const auto found = tasks_.find(id);
  if (found != tasks_.end()) return found->second.abandoned ? Admission::kClosed : Admission::kKnown;
  if (recent_.find(id) != nullptr) return Admission::kKnown;
  if (closed_) return Admission::kClosed;
  return full() ? Admission::kFull : Admission::kAccepted;
}

// Those whose dispatch is being written count as waiting, except as far as there are slots for them.
bool Engine::full() const {
  if (settings_.max_waiting <= 0) return false;
  const auto slots = static_cast<std::size_t>(settings_.slots);
  const std::size_t free = slots > running_ ? slots - running_ : 0;
  const std::size_t surplus = storing_ > free ? storing_ - free : 0;
  return queue_.size() + surplus > static_cast<std::size_t>(settings_.max_waiting);
}

bool Engine::too_large(const AcceptedTask& task) const {
  const std::size_t held = task_bytes();
  return held > 0 && held + task.bytes > settings_.max_task_bytes;
}

void Engine::handle(const event::Stored& event, Moment now) {
  AcceptedTask* const task = find(event.task_instance_id);
  // A disk that was given up on has written it after all.
  if (task == nullptr && event.ok) want(action::Forget{event.task_instance_id});
  if (task == nullptr || task->phase != TaskPhase::kStoring) return;
  --storing_;
  if (event.ok) {
    storage_works_ = true;
    if (!task->abandoned && !closed_) return accept(*task, now);
  }
  // It will not run, so that nothing of it is to be found later.
  const AcceptedTask asked = std::move(*task);
  tasks_.erase(event.task_instance_id);
  if (event.occupied) return take_occupied(*event.occupied, asked, now);
  if (!event.ok) storage_works_ = false;
  if (!asked.abandoned) refuse(asked, event.ok ? Refusal::kGivenBack : Refusal::kNotKept, now);
  if (event.ok) want(action::Forget{asked.id()});
  for (const ReplyTo asker : asked.kill_askers)
    want(action::AnswerKill{asker, killed_unstarted(asked.id(), settings_.address)});
}

void Engine::accept(AcceptedTask& task, Moment now) {
  want(action::Accepted{task.id()});
  outbox_.drop(task.id());  // a REJECT of the same instance that its master has answered by dispatching it again
  task.enter(TaskPhase::kWaiting, now);
  if (std::exchange(task.master_changed, false)) want(action::StoreMaster{task});
  if (task.killed) return end_killed(task, now);
  task.delay_unacked = task.defect.empty() && delay_ms(task.dispatch.context, now.wall_ms) > 0;
  if (task.delay_unacked) tell_delay(task, now);
  begin_waiting(task, now);
}

void Engine::accept_again(const AcceptedTask& asked, Moment now) {
  const std::int64_t id = asked.id();
  const std::string& master = asked.dispatch.master;
  if (AcceptedTask* const task = find(id)) {
    // No file that named its workflow was left; a master that is told without it does not understand.
    std::int64_t& workflow = task->dispatch.context.process_instance_id;
    if (workflow == 0) workflow = asked.dispatch.context.process_instance_id;
    change_master(*task, master);
    outbox_.retarget(id, master, now, workflow);
    if (task->phase == TaskPhase::kRunning) put_running(*task, now);
  } else if (const wire::TaskEnded* const recent = recent_.find(id)) {
    wire::TaskEnded message = *recent;
    message.addressing.receiver = master;
    outbox_.put({id, MessageKind::kResult}, std::move(message), now);
  }
}

// It runs already, although this worker did not know it.
void Engine::take_occupied(const FoundTask& found, const AcceptedTask& asked, Moment now) {
  const std::int64_t id = asked.id();
  recover(found, asked.abandoned ? Ownership::kGivenUp : Ownership::kResumed, now);
  AcceptedTask* const task = find(id);
  if (task != nullptr && !task->abandoned)
    accept_again(asked, now);
  else if (!asked.abandoned)
    refuse(asked, Refusal::kClosed, now);
  for (const ReplyTo asker : asked.kill_askers) handle(event::KillAsked{id, asker, asked.killed_by}, now);
}

void Engine::refuse(const AcceptedTask& task, Refusal why, Moment now) {
  want(action::Refused{task.id(), why, task.dispatch.master});
  outbox_.put({task.id(), MessageKind::kReject}, rejected_message(task, now.wall_ms, settings_.address), now,
              kRejectTries);
}

// --- Another master ---

void Engine::handle(const event::HostChanged& event, Moment now) {
  if (AcceptedTask* const task = find(event.task_instance_id)) change_master(*task, event.master);
  outbox_.retarget(event.task_instance_id, event.master, now);
}

void Engine::change_master(AcceptedTask& task, const std::string& master) {
  if (std::exchange(task.dispatch.master, master) == master) return;
  if (task.phase == TaskPhase::kStoring)
    task.master_changed = true;  // once there is something that it could be added to
  else
    want(action::StoreMaster{task});
}

// --- Waiting for a slot, or for its delay ---

void Engine::begin_waiting(AcceptedTask& task, Moment now) {
  if (!task.defect.empty()) return end_unstarted(task, TaskState::kFailure, task.defect, now);
  const std::int64_t delay = delay_ms(task.dispatch.context, now.wall_ms);
  const std::int64_t due = now.mono_ms + delay;
  if (delay > 0)
    say(action::Level::kInfo, "waits for its delay of " + std::to_string((delay + 999) / 1000) + " s", task.id());
  else if (running_ >= static_cast<std::size_t>(settings_.slots))
    say(action::Level::kInfo,
        "waits for a slot: " + std::to_string(running_) + " of " + std::to_string(settings_.slots) + " slots taken",
        task.id());
  queue_.emplace(std::pair(due, next_arrival_++), task.id());
}

void Engine::leave_queue(std::int64_t id) {
  std::erase_if(queue_, [&](const auto& item) { return item.second == id; });
}

}  // namespace porpoise
