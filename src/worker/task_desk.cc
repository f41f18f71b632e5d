#include "worker/task_desk.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"

namespace porpoise {
namespace {

Moment now() { return {wall_ms(), mono_ms()}; }

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
  const std::int64_t id = message.context.task_instance_id;
  parts_.metrics.tasks.received(message.context.task_type);
  switch (parts_.table.admit(id)) {
    case TaskTable::Admission::kKnown: parts_.table.accept_again(id, message.master, now()); break;
    case TaskTable::Admission::kFull:
      parts_.metrics.tasks.rejected_full();
      parts_.table.reject(message, now());
      break;
    case TaskTable::Admission::kClosed: parts_.table.reject(message, now()); break;
    case TaskTable::Admission::kNew: {
      const Status kept = parts_.store.keep(id, body);
      if (std::exchange(storage_works_, kept.has_value()) && !kept)
        parts_.log.error("tasks are rejected: " + kept.error().to_string());
      if (kept)
        parts_.table.accept(accepted(message), now());
      else
        parts_.table.reject(message, now());
      break;
    }
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
  // Unknown tasks have no folder, and need none.
  (void)parts_.store.keep_master(message.task_instance_id, message.master);
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
  parts_.log.info("task ended",
                  {{"task_instance_id", task_instance_id}, {"state", to_string(result.state)}, {"ms", ran.count()}});
  parts_.metrics.tasks.finished(parts_.table.type_of(task_instance_id), outcome_of(result.state), ran);
  for (const FetchedResource& one : result.fetched) parts_.metrics.resources.downloaded(one.took, one.bytes);
  if (result.fetch_failed) parts_.metrics.resources.download_failed();
  parts_.table.ended(task_instance_id, result, now());
  after_event();
}

// --- From the registry and the operating system ---

void TaskDesk::recover() {
  std::vector<std::string> problems;
  for (const TaskStore::Found& found : parts_.store.scan(problems)) recover_one(found);
  for (const std::string& problem : problems) parts_.log.error(problem);
  after_event();
}

void TaskDesk::recover_one(const TaskStore::Found& found) {
  const auto incoming = parts_.profile.decode({wire::Command::kTaskDispatchRequest, 0, found.dispatch_body});
  const auto* const dispatch = incoming ? std::get_if<wire::DispatchTask>(&*incoming) : nullptr;
  if (dispatch == nullptr) {
    parts_.log.error("cannot read a task that was accepted earlier", {{"task_instance_id", found.task_instance_id}});
    return;
  }
  AcceptedTask task = accepted(*dispatch);
  if (!found.master.empty()) task.dispatch.master = found.master;
  if (found.request) {
    task.log_path = found.request->log_path;
    task.execute_path = found.request->execute_path;
    task.start_time_ms = found.start_time_ms;
    task.phase = TaskPhase::kRunning;
  }
  if (found.result) {
    task.start_time_ms = found.result->start_time_ms;
    task.phase = TaskPhase::kEnded;
  }
  parts_.log.info("found again", {{"task_instance_id", found.task_instance_id},
                                  {"phase", found.result    ? "ended"
                                            : found.request ? "running"
                                                            : "waiting"}});
  const bool runs = task.phase == TaskPhase::kRunning;
  parts_.table.recover(std::move(task), found.result, now());
  if (runs) parts_.runs.adopt(*found.request);
}

void TaskDesk::drain(std::function<void()> on_idle) {
  parts_.table.drain(now());
  on_idle_ = std::move(on_idle);
  after_event();
}

void TaskDesk::fence(const std::string& reason, std::function<void()> on_idle) {
  parts_.table.fence(reason);
  on_idle_ = std::move(on_idle);
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
  // Without a submit time there is nothing to count the delay from (3.1: none then).
  if (context.delay_minutes > 0 && context.first_submit_time_ms > 0)
    task.due_wall_ms =
        context.first_submit_time_ms + std::chrono::milliseconds(std::chrono::minutes(context.delay_minutes)).count();
  return task;
}

void TaskDesk::after_event() {
  parts_.table.tick(now());
  arm();
  if (parts_.table.idle() && on_idle_) std::exchange(on_idle_, nullptr)();
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
