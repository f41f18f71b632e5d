#include "worker/worker_actions.h"

#include <chrono>
#include <utility>

#include "base/clock.h"
#include "engine/accepted_task.h"
#include "worker/task_request.h"

namespace porpoise {

void TaskAlerts::ended(std::int64_t task_instance_id, const TaskResult& result) {
  if (!result.alert) return;
  const wire::Alert alert{.group_id = result.alert->group_id,
                          .title = result.alert->title,
                          .content = result.alert->content,
                          .warn_type = result.state == TaskState::kSuccess ? 1 : 2};
  sender_.send(task_instance_id, alert);
}

namespace {

constexpr std::size_t kLargeResult = 256U << 10U;  // bytes; some milliseconds to encode
constexpr std::chrono::seconds kEncodingLimit(60);

TaskOutcome outcome_of(TaskState state) {
  switch (state) {
    case TaskState::kSuccess: return TaskOutcome::kSuccess;
    case TaskState::kKill: return TaskOutcome::kKill;
    case TaskState::kFailure: return TaskOutcome::kFailure;
  }
  return TaskOutcome::kFailure;
}

std::string_view to_string(TaskPhase phase) {
  switch (phase) {
    case TaskPhase::kStoring:
    case TaskPhase::kWaiting: return "waiting";
    case TaskPhase::kRunning: return "running";
    case TaskPhase::kEnded: return "ended";
  }
  return "";
}

}  // namespace

// --- Hosts ---

void WorkerActions::perform(const action::Launch& launch) {
  const AcceptedTask& task = launch.task;
  const wire::TaskContext& context = task.dispatch.context;
  const std::chrono::milliseconds queued(mono_ms() - task.accepted_mono_ms);
  deps_.metrics.tasks.started(context.task_type, queued);
  deps_.log.info("task starts", {{"task_instance_id", task.id()},
                                 {"process_instance_id", context.process_instance_id},
                                 {"task_type", context.task_type},
                                 {"tenant", context.tenant_code},
                                 {"master", task.dispatch.master}});
  deps_.executor.start(task);
}

void WorkerActions::perform(const action::Adopt& adopt) {
  if (adopt.request) return deps_.executor.adopt(*adopt.request, adopt.reason);
  deps_.executor.adopt_unread(adopt.task, adopt.reason);
}

void WorkerActions::perform(const action::Cancel& cancel) {
  deps_.executor.cancel(cancel.task_instance_id, cancel.reason, cancel.given_up);
}

void WorkerActions::perform(const action::Finished& finished) {
  const TaskResult& result = finished.result;
  const std::int64_t id = result.task_instance_id;
  const std::chrono::milliseconds ran(result.end_time_ms - result.start_time_ms);
  // The reason, too: of a task that could not begin there may be no log that has it.
  const std::string reason = result.message.substr(0, result.message.find('\n'));
  deps_.log.info(reason.empty() ? "task ended" : "task ended: " + reason,
                 {{"task_instance_id", id}, {"state", to_string(result.state)}, {"ms", ran.count()}});
  deps_.metrics.tasks.finished(finished.task_type, outcome_of(result.state), ran);
  for (const FetchedResource& one : result.fetched) deps_.metrics.resources.downloaded(one.took, one.bytes);
  if (result.fetch_failed) deps_.metrics.resources.download_failed();
  deps_.metrics.tasks.survived(result.survivors);
  if (result.survivors > 0)
    deps_.log.error("processes of a task live on: " + result.message, {{"task_instance_id", id}});
  deps_.alerts.ended(id, result);
}

void WorkerActions::perform(const action::Told& told) {
  deps_.metrics.tasks.told(std::chrono::milliseconds(mono_ms() - told.since_mono_ms));
}

void WorkerActions::perform(const action::Recovered& recovered) {
  const AcceptedTask& task = recovered.task;
  deps_.log.info("found again", {{"task_instance_id", task.id()}, {"phase", to_string(task.phase)}});
  if (!recovered.result) return;
  deps_.metrics.tasks.adopted(AdoptOutcome::kFinished);
  if (!recovered.alerted) deps_.alerts.ended(task.id(), *recovered.result);
}

// --- Masters ---

void WorkerActions::perform(action::Send send) {
  const std::string master = std::visit([](const auto& m) { return m.addressing.receiver; }, send.message);
  const auto* const ended = std::get_if<wire::TaskEnded>(&send.message);
  const bool is_large = ended != nullptr && bytes_of(*ended) >= kLargeResult;
  wire::Outgoing outgoing = std::visit([](auto& m) -> wire::Outgoing { return std::move(m); }, send.message);
  deps_.metrics.messages.sent(SendOutcome::kSent);
  if (!is_large) return deps_.links.send(master, deps_.router.encode(outgoing), send.key);
  encodings_.call(
      "the encoding of a result", kEncodingLimit,
      [encode = deps_.router.encoder(std::move(outgoing))] { return Result<std::string>(encode()); },
      [this, master, key = send.key](Result<std::string> bytes) {
        if (bytes) return deps_.links.send(master, *std::move(bytes), key);
        if (key) deps_.router.on_not_sent(*key, bytes.error().to_string());
      });
}

void WorkerActions::perform(const action::AnswerKill& answer) {
  if (const auto peer = deps_.listener.find(answer.asker)) peer->send(deps_.router.encode(answer.answer));
}

void WorkerActions::perform(const action::Refused& refused) {
  if (refused.why == Refusal::kFull) deps_.metrics.tasks.rejected_full();
}

void WorkerActions::perform(const action::GaveUp& gave_up) {
  deps_.metrics.messages.dropped();
  deps_.log.warn("no master acknowledged a message; it is dropped",
                 {{"task_instance_id", gave_up.key.task_instance_id}});
}

// --- The worker itself ---

// Only who is registered listens: what came before is known by then.
void WorkerActions::perform(const action::OpenPort&) {
  deps_.listener.start(deps_.router);
  (void)deps_.systemd.ready();
}

void WorkerActions::perform(const action::AllowTakeover& takeover) {
  if (const Status kept = deps_.registration.allow_takeover(takeover.allowed); !kept)
    deps_.log.warn(kept.error().to_string());
}

void WorkerActions::perform(const action::RegisterAgain&) { deps_.registration.register_again(wall_ms()); }

void WorkerActions::perform(const action::Exit& exit) {
  deps_.log.info("gone", {{"unacknowledged", exit.unacknowledged}});
  (void)deps_.systemd.stopping();
  deps_.registration.close([&io = deps_.io] { io.stop(); });
}

void WorkerActions::perform(const action::Say& say) {
  const auto write = [&](const LogFields& fields) {
    switch (say.level) {
      case action::Level::kInfo: return deps_.log.info(say.text, fields);
      case action::Level::kWarn: return deps_.log.warn(say.text, fields);
      case action::Level::kError: return deps_.log.error(say.text, fields);
    }
  };
  if (say.task_instance_id == 0) return write({});
  write({{"task_instance_id", say.task_instance_id}});
}

}  // namespace porpoise
