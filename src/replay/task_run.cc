#include "replay/task_run.h"

#include <boost/asio/post.hpp>
#include <limits>
#include <utility>

#include "base/clock.h"
#include "progress/output.h"
#include "replay/run_directory.h"

namespace porpoise {
namespace {

class HostAttempt final : public Attempt, private TaskListener {
 public:
  HostAttempt(AttemptLine on_line, AttemptDone on_done) : on_line_(std::move(on_line)), on_done_(std::move(on_done)) {}

  Status start(boost::asio::io_context& io, const HostSettings& settings, const TaskRequest& request,
               const std::filesystem::path& state_folder) {
    PORPOISE_TRY(process_, TaskProcess::start({io, settings}, request, state_folder, *this));
    return {};
  }

  void stop(const std::string& reason, bool at_once) override {
    if (process_ == nullptr) return;
    if (at_once)
      process_->kill(reason);
    else
      process_->cancel(reason);
  }

 private:
  void on_line(std::string_view text) override { on_line_(text); }
  void on_progress(int permille, std::string_view text) override {
    on_line_(permille < 0 ? std::string(text) : std::to_string(permille / 10) + " % " + std::string(text));
  }
  void on_finished(const TaskResult& result) override {
    // It is the process's own, whose descriptors are not to outlast the task: `result` ends with it.
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
    const TaskResult copy = result;
    process_.reset();
    on_done_(copy);
  }

  AttemptLine on_line_;
  AttemptDone on_done_;
  std::unique_ptr<TaskProcess> process_;
};

}  // namespace

HostStarter make_host_starter(boost::asio::io_context& io, HostSettings settings) {
  return [&io, settings = std::move(settings)](const TaskRequest& request, const std::filesystem::path& state_folder,
                                               AttemptLine on_line,
                                               AttemptDone on_done) -> Result<std::unique_ptr<Attempt>> {
    auto attempt = std::make_unique<HostAttempt>(std::move(on_line), std::move(on_done));
    PORPOISE_TRY_VOID(attempt->start(io, settings, request, state_folder));
    return attempt;
  };
}

Slots::Ticket Slots::request(int priority, std::function<void()> grant) {
  const Ticket ticket{priority, next_number_++};
  waiting_.emplace(ticket, std::move(grant));
  grant_next();
  return ticket;
}

void Slots::release() {
  ++free_;
  grant_next();
}

void Slots::grant_next() {
  if (free_ == 0 || waiting_.empty()) return;
  --free_;
  const auto next = waiting_.extract(waiting_.begin());
  next.mapped()();
}

namespace {

constexpr std::size_t kTailLines = 10;

NodeState node_state_of(TaskState state) {
  switch (state) {
    case TaskState::kSuccess: return NodeState::kSuccess;
    case TaskState::kFailure: return NodeState::kFailure;
    case TaskState::kKill: return NodeState::kKill;
  }
  return NodeState::kFailure;
}

std::chrono::milliseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

TaskRun::TaskRun(RunContext& context, const TaskDefinition& definition, const ProcessInstance& process,
                 std::string name, bool needs_slot, TaskOwner& owner)
    : context_(context),
      definition_(definition),
      process_(process),
      needs_slot_(needs_slot),
      owner_(owner),
      timer_(context.io),
      warning_(context.io) {
  report_.name = std::move(name);
  report_.type = definition.type;
  report_.nested = process.id != 1;
}

void TaskRun::begin() {
  ready_at_ = Clock::now();
  const auto delay = context_.settings.scaled(definition_.delay);
  if (delay.count() == 0 || context_.settings.dry_run) return enqueue();
  context_.status.note("'" + report_.name + "' starts in " + format_duration(delay) + " (delayTime)",
                       context_.elapsed());
  wait(delay, &TaskRun::enqueue);
}

void TaskRun::stop(const std::string& reason, bool at_once) {
  if (phase_ == Phase::kEnded) return;
  if (phase_ == Phase::kRunning) {
    if (attempt_ != nullptr) attempt_->stop(reason, at_once);
    return;
  }
  timer_.cancel();
  if (phase_ == Phase::kQueued) context_.slots.cancel(ticket_);
  if (report_.attempts > 0) return finish(last_result_);
  phase_ = Phase::kEnded;
}

void TaskRun::wait(std::chrono::milliseconds duration, void (TaskRun::*next)()) {
  phase_ = Phase::kWaiting;
  timer_.expires_after(duration);
  timer_.async_wait([this, next](const boost::system::error_code& error) {
    if (!error && phase_ == Phase::kWaiting) (this->*next)();
  });
}

void TaskRun::enqueue() {
  phase_ = Phase::kQueued;
  if (!needs_slot_) return launch();
  ticket_ = context_.slots.request(definition_.priority, [this] { launch(); });
}

void TaskRun::launch() {
  phase_ = Phase::kRunning;
  if (report_.attempts == 0) {
    report_.wait = since(ready_at_);
    owner_.task_starting(*this);
  }
  ++report_.attempts;
  report_.instance_id = context_.next_task_instance++;  // 3.1 makes a new task instance for each retry
  report_.log = context_.directory.log_path(process_, report_.instance_id);
  context_.directory.link_log(report_.name, report_.log);
  context_.status.task_started(attempt_label(), context_.elapsed());
  started_at_ = Clock::now();
  warn_when_late();
  auto attempt = owner_.start_attempt(*this, [this](const TaskResult& result) { attempt_ended(result); });
  if (!attempt) return fail_later(attempt.error());
  attempt_ = std::move(*attempt);
}

// 3.1 `TimeoutStrategy` WARN and WARNFAILED send an alert; here the run says it.
void TaskRun::warn_when_late() {
  const auto limit = context_.settings.scaled(definition_.timeout);
  const bool warns = definition_.timeout_open && definition_.timeout_strategy != TimeoutStrategy::kFailed;
  if (!warns || limit.count() == 0 || context_.settings.dry_run) return;
  warning_.expires_after(limit);
  warning_.async_wait([this, limit](const boost::system::error_code& error) {
    if (error || phase_ != Phase::kRunning) return;
    context_.status.note("'" + report_.name + "' runs longer than its timeout of " + format_duration(limit),
                         context_.elapsed());
  });
}

void TaskRun::attempt_ended(const TaskResult& result) {
  if (phase_ != Phase::kRunning) return;
  warning_.cancel();
  report_.run += since(started_at_);
  if (owner_.may_retry(*this, result.state, report_.attempts)) {
    last_result_ = result;
    const auto interval = context_.settings.scaled(definition_.retry_interval);
    context_.status.task_retry(attempt_label(), result.message, interval, context_.elapsed());
    wait(interval, &TaskRun::enqueue);
  } else {
    finish(result);
  }
  // Last: a task that became ready just now may be more urgent than those that wait already.
  if (needs_slot_) context_.slots.release();
}

void TaskRun::finish(const TaskResult& result) {
  phase_ = Phase::kEnded;
  report_.state = node_state_of(result.state);
  report_.message = result.message;
  report_.exit_code = result.exit_code;
  report_.var_pool = result.var_pool;
  report_.leads_to = owner_.leads_to(*this, result);
  std::vector<std::string> tail;
  if (context_.settings.dry_run)
    tail = owner_.plan_of(*this, log_tail(report_.log, std::numeric_limits<std::size_t>::max()));
  else if (report_.failed())
    tail = log_tail(report_.log, kTailLines);
  context_.status.task_finished(report_, tail, context_.elapsed());
  owner_.task_ended(*this, result);
}

void TaskRun::fail_later(const Error& error) {
  TaskResult result;
  result.task_instance_id = report_.instance_id;
  result.message = error.to_string();
  result.start_time_ms = result.end_time_ms = wall_ms();
  (void)append_log(report_.log, LogLevel::kError, result.message, LogEnd::kFinal);  // the report has the message, too
  boost::asio::post(context_.io, [this, result] { attempt_ended(result); });
}

TaskAttempt TaskRun::attempt_label() const {
  return {report_.instance_id, report_.name, report_.type, report_.attempts, definition_.retry_times + 1, report_.log};
}

}  // namespace porpoise
