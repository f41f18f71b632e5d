#include "worker/task_desk.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"

namespace porpoise {
namespace {

Moment now() { return {wall_ms(), mono_ms()}; }

std::string_view to_string(TaskPhase phase) {
  switch (phase) {
    case TaskPhase::kWaiting: return "waiting";
    case TaskPhase::kRunning: return "running";
    case TaskPhase::kEnded: return "ended";
  }
  return "";
}

TaskOutcome outcome_of(TaskState state) {
  switch (state) {
    case TaskState::kSuccess: return TaskOutcome::kSuccess;
    case TaskState::kKill: return TaskOutcome::kKill;
    case TaskState::kFailure: return TaskOutcome::kFailure;
  }
  return TaskOutcome::kFailure;
}

}  // namespace

// --- From masters ---

void TaskDesk::take(const wire::DispatchTask& message, const std::string& body) {
  parts_.metrics.tasks.received(message.context.task_type);
  switch (parts_.table.dispatch(accepted(message), body, now())) {
    case TaskTable::Admission::kAccepted: storage_works_ = true; break;
    case TaskTable::Admission::kNotKept: storage_works_ = false; break;
    case TaskTable::Admission::kFull: parts_.metrics.tasks.rejected_full(); break;
    case TaskTable::Admission::kKnown:
    case TaskTable::Admission::kClosed: break;
  }
  after_event();
}

void TaskDesk::take(const wire::KillTask& message, ReplyTo asker) {
  parts_.log.info("kill", {{"task_instance_id", message.task_instance_id}});
  parts_.table.kill(message.task_instance_id, asker, now());
  after_event();
}

void TaskDesk::take(const wire::UpdateHost& message) {
  parts_.table.update_host(message.task_instance_id, message.master, now());
  after_event();
}

void TaskDesk::acknowledged(Outbox::Key key, bool success) {
  if (!success) return;  // 3.1 keeps the message then
  parts_.metrics.messages.acknowledged();
  parts_.table.acknowledge(key);
  after_event();
}

void TaskDesk::not_sent(Outbox::Key key) {
  parts_.metrics.messages.sent(SendOutcome::kUnreachable);
  parts_.table.not_sent(key, now());
  arm();
}

// --- From hosts ---

void TaskDesk::app_id(std::int64_t task_instance_id, const std::string& app_id) {
  parts_.table.app_id(task_instance_id, app_id, now());
  after_event();
}

void TaskDesk::ended(std::int64_t task_instance_id, const TaskResult& result) {
  const std::chrono::milliseconds ran(result.end_time_ms - result.start_time_ms);
  // The reason, too: of a task that could not begin there may be no log that has it.
  const std::string reason = result.message.substr(0, result.message.find('\n'));
  parts_.log.info(reason.empty() ? "task ended" : "task ended: " + reason,
                  {{"task_instance_id", task_instance_id}, {"state", to_string(result.state)}, {"ms", ran.count()}});
  parts_.metrics.tasks.finished(parts_.table.type_of(task_instance_id), outcome_of(result.state), ran);
  for (const FetchedResource& one : result.fetched) parts_.metrics.resources.downloaded(one.took, one.bytes);
  if (result.fetch_failed) parts_.metrics.resources.download_failed();
  parts_.metrics.tasks.survived(result.survivors);
  if (result.survivors > 0)
    parts_.log.error("processes of a task live on: " + result.message, {{"task_instance_id", task_instance_id}});
  parts_.table.ended(task_instance_id, result, now());
  after_event();
  parts_.alerts.ended(task_instance_id, result);
}

// --- From the registry and the operating system ---

void TaskDesk::recover(Ownership ownership) {
  std::vector<std::string> problems;
  for (const TaskStore::Found& found : parts_.store.scan(problems)) recover_one(found, ownership);
  for (const std::string& problem : problems) parts_.log.error(problem);
}

void TaskDesk::recover_one(const TaskStore::Found& found, Ownership ownership) {
  const auto incoming = parts_.profile.decode({wire::Command::kTaskDispatchRequest, 0, found.dispatch_body});
  const auto* const dispatch = incoming ? std::get_if<wire::DispatchTask>(&*incoming) : nullptr;
  if (dispatch == nullptr) {
    parts_.log.error("cannot read a task that was accepted earlier", {{"task_instance_id", found.task_instance_id}});
    return;
  }
  AcceptedTask task = accepted(*dispatch);
  if (!found.master.empty()) task.dispatch.master = found.master;
  if (!found.damage.empty())
    parts_.log.error("the result of a task is lost: " + found.damage, {{"task_instance_id", task.id()}});
  if (found.request) {
    task.log_path = found.request->log_path;
    task.execute_path = found.request->execute_path;
    task.start_time_ms = found.start_time_ms;
  }
  const RecoveredState remains{found.abandoned, found.request.has_value(), found.host_began, found.result.has_value()};
  switch (recovery_of(remains, ownership)) {
    case Recovery::kStart: task.phase = TaskPhase::kWaiting; break;
    case Recovery::kEnd:
      if (const Status kept = parts_.store.abandon(task.id()); !kept) parts_.log.error(kept.error().to_string());
      task.abandoned = true;
      [[fallthrough]];
    case Recovery::kFollow:
      task.phase = TaskPhase::kRunning;
      parts_.metrics.tasks.adopted(parts_.runs.adopt(*found.request, found.damage));
      break;
    case Recovery::kReport:
      task.phase = TaskPhase::kEnded;
      task.start_time_ms = found.result->start_time_ms;
      parts_.metrics.tasks.adopted(AdoptOutcome::kFinished);
      if (!found.alerted) parts_.alerts.ended(task.id(), *found.result);
      break;
    case Recovery::kForget: parts_.sweeper.remove(parts_.store.forget(task.id())); return;
  }
  parts_.log.info("found again", {{"task_instance_id", task.id()}, {"phase", to_string(task.phase)}});
  parts_.table.recover(std::move(task), found.result, now());
}

void TaskDesk::drain(std::function<void()> on_idle) {
  parts_.table.drain(now());
  on_idle_.push_back(std::move(on_idle));
  after_event();
}

void TaskDesk::fence(const std::string& reason, std::function<void()> on_idle) {
  parts_.table.fence(reason);
  on_idle_.push_back(std::move(on_idle));
  after_event();
}

void TaskDesk::open() {
  parts_.table.open();
  after_event();
}

// --- ---

AcceptedTask TaskDesk::accepted(const wire::DispatchTask& dispatch) const {
  const wire::TaskContext& context = dispatch.context;
  AcceptedTask task;
  task.dispatch = dispatch;
  task.log_path = parts_.places.log_path(context, parts_.zone, wall_ms());
  task.execute_path = parts_.places.execute_path(context);
  task.app_ids = context.app_ids;
  return task;
}

void TaskDesk::after_event() {
  parts_.table.tick(now());
  arm();
  if (!parts_.table.idle()) return;
  for (const auto& on_idle : std::exchange(on_idle_, {})) on_idle();
}

void TaskDesk::arm() {
  const auto next = parts_.table.next_wakeup_mono_ms(now());
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(std::max<std::int64_t>(0, *next - mono_ms())));
  timer_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem) after_event();
  });
}

}  // namespace porpoise
