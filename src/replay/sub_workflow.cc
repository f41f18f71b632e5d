#include "replay/sub_workflow.h"

#include <utility>

#include "progress/table.h"
#include "replay/task_log.h"

namespace porpoise {
namespace {

TaskState task_state_of(RunState state) {
  switch (state) {
    case RunState::kSuccess: return TaskState::kSuccess;
    case RunState::kStop: return TaskState::kKill;
    default: return TaskState::kFailure;
  }
}

}  // namespace

SubWorkflow::SubWorkflow(RunContext& context, const Workflow& child, const TaskRun& task, RunParameters parameters,
                         PropertyList received, FailureStrategy strategy, AttemptDone on_done)
    : context_(context),
      child_(child),
      task_(task),
      received_(std::move(received)),
      on_done_(std::move(on_done)),
      timeout_(context.io),
      run_(context, child, {strategy, {}, {}}, std::move(parameters), task.report().name + "/", [this] { ended(); }) {}

void SubWorkflow::begin() {
  start_time_ms_ = wall_clock_ms();
  log("runs workflow '" + child_.name + "'");
  watch_timeout();
  run_.begin();
}

void SubWorkflow::stop(const std::string& reason, bool at_once) {
  log("stopped: " + reason);
  run_.stop(reason, at_once);
}

void SubWorkflow::watch_timeout() {
  const TaskDefinition& definition = task_.definition();
  const auto limit = context_.settings.scaled(definition.timeout);
  const bool fails = definition.timeout_open && definition.timeout_strategy != TimeoutStrategy::kWarn;
  if (!fails || limit.count() == 0 || context_.settings.dry_run) return;
  timeout_.expires_after(limit);
  timeout_.async_wait([this, limit](const boost::system::error_code& error) {
    if (error) return;
    timed_out_ = true;
    stop("timed out after " + format_duration(limit) + " (taskTimeout)", false);
  });
}

void SubWorkflow::ended() {
  timeout_.cancel();
  const TaskResult outcome = result();
  log("workflow '" + child_.name + "' ended: " + std::string(to_string(run_.state())), LogEnd::kFinal);
  on_done_(outcome);
}

TaskResult SubWorkflow::result() const {
  TaskResult result;
  result.task_instance_id = task_.report().instance_id;
  result.state = timed_out_ ? TaskState::kFailure : task_state_of(run_.state());
  result.timed_out = timed_out_;
  result.exit_code = result.state == TaskState::kSuccess ? 0 : -1;
  if (timed_out_)
    result.message = "timed out (taskTimeout)";
  else if (result.state != TaskState::kSuccess)
    result.message = "workflow '" + child_.name + "' ended: " + std::string(to_string(run_.state()));
  result.start_time_ms = start_time_ms_;
  result.end_time_ms = wall_clock_ms();
  result.var_pool = sub_var_pool(task_.definition(), received_, run_.last_var_pool());
  return result;
}

void SubWorkflow::log(std::string_view text, LogEnd end) const {
  (void)append_log(task_.report().log, LogLevel::kInfo, text, end);  // events and report tell the same
}

}  // namespace porpoise
