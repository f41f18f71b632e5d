#include "worker/task_deeds.h"

#include <chrono>
#include <utility>

#include "base/clock.h"
#include "taskdir/task_log.h"

namespace porpoise {

bool TaskDeeds::done(const Status& status) {
  if (!status) parts_.log.error(status.error().to_string());
  return status.has_value();
}

bool TaskDeeds::keep(std::int64_t task_instance_id, std::string_view body) {
  const Status kept = parts_.store.keep(task_instance_id, body);
  if (!kept) parts_.log.error("a task is rejected: " + kept.error().to_string());
  return kept.has_value();
}

void TaskDeeds::keep_master(const AcceptedTask& task) {
  done(parts_.store.keep_master(task.id(), task.dispatch.master));
}

void TaskDeeds::start(const AcceptedTask& task) {
  const wire::TaskContext& context = task.dispatch.context;
  const std::chrono::milliseconds queued(mono_ms() - task.accepted_mono_ms);
  parts_.metrics.tasks.started(context.task_type, queued);
  parts_.log.info("task starts", {{"task_instance_id", task.id()},
                                  {"process_instance_id", context.process_instance_id},
                                  {"task_type", context.task_type},
                                  {"tenant", context.tenant_code},
                                  {"master", task.dispatch.master}});
  parts_.runs.start(task);
}

void TaskDeeds::cancel(const AcceptedTask& task, const std::string& reason, bool at_once) {
  parts_.runs.cancel(task.id(), reason, at_once);
}

void TaskDeeds::record(const AcceptedTask& task, const TaskResult& result) {
  if (auto log = TaskLog::open(task.log_path)) {
    log->write(LogLevel::kWarn, result.message);
    log->write(LogLevel::kInfo, "FINALIZE_SESSION");
    log->flush();
  }
  done(parts_.store.keep_result(result));
}

void TaskDeeds::abandon(std::int64_t task_instance_id) { done(parts_.store.abandon(task_instance_id)); }

void TaskDeeds::forget(std::int64_t task_instance_id) { parts_.sweeper.remove(parts_.store.forget(task_instance_id)); }

void TaskDeeds::send(std::optional<Outbox::Key> key, const MasterMessage& message) {
  const std::string master = std::visit([](const auto& m) { return m.addressing.receiver; }, message);
  const wire::Outgoing outgoing = std::visit([](const auto& m) -> wire::Outgoing { return m; }, message);
  parts_.metrics.messages.sent(SendOutcome::kSent);
  std::function<void()> not_sent;
  if (key) not_sent = [this, key = *key] { parts_.not_sent(key); };
  parts_.to_master(master, outgoing, std::move(not_sent));
}

void TaskDeeds::answer_kill(ReplyTo asker, const wire::KillAnswer& answer) { parts_.to_peer(asker, answer); }

void TaskDeeds::gave_up(Outbox::Key key) {
  parts_.metrics.messages.dropped();
  parts_.log.warn("no master acknowledged a message; it is dropped", {{"task_instance_id", key.task_instance_id}});
}

}  // namespace porpoise
