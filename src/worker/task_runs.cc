#include "worker/task_runs.h"

#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "executor/lost_host.h"
#include "executor/task_process.h"
#include "worker/task_request.h"
#include "worker/tenant.h"

namespace porpoise {

class TaskRuns::Run : public TaskListener {
 public:
  Run(TaskRuns& runs, std::int64_t id) : runs_(runs), id_(id) {}

  void follow(std::unique_ptr<TaskProcess> process) { process_ = std::move(process); }
  void cancel(const std::string& reason, bool at_once) {
    if (process_ == nullptr) return;
    if (!cancelled_) cancelled_ = std::chrono::steady_clock::now();
    at_once ? process_->kill(reason) : process_->cancel(reason);
  }
  const std::optional<std::chrono::steady_clock::time_point>& cancelled() const { return cancelled_; }

  void on_app_id(std::string_view app_id) override { runs_.events_.on_app_id(id_, std::string(app_id)); }
  void on_finished(const TaskResult& result) override {
    // Not from in here: our owner destroys us.
    boost::asio::post(runs_.io_, [&runs = runs_, id = id_, result] { runs.ended(id, result); });
  }

 private:
  TaskRuns& runs_;
  const std::int64_t id_;
  std::unique_ptr<TaskProcess> process_;
  std::optional<std::chrono::steady_clock::time_point> cancelled_;
};

TaskRuns::TaskRuns(boost::asio::io_context& io, const WorkerConfig& config, const Catalog& catalog,
                   const TaskStore& store, std::filesystem::path host_binary, Events events)
    : io_(io),
      config_(config),
      catalog_(catalog),
      store_(store),
      host_binary_(std::move(host_binary)),
      events_(std::move(events)) {}

TaskRuns::~TaskRuns() = default;

void TaskRuns::start(const AcceptedTask& task) {
  const Status started = try_start(task);
  if (started) return;
  runs_.erase(task.id());
  TaskRequest request;  // what the log and the result need
  request.task_instance_id = task.id();
  request.log_path = task.log_path;
  request.execute_path = task.execute_path;
  request.var_pool = task.dispatch.context.var_pool;
  request.app_ids = task.dispatch.context.app_ids;
  // 3.1 looks nothing up in a dry run: it succeeds, whatever is missing here.
  if (task.dispatch.context.dry_run)
    return end_without_host(request, TaskState::kSuccess, "dry run: " + started.error().to_string());
  end_without_host(request, TaskState::kFailure, started.error().to_string());
}

Status TaskRuns::try_start(const AcceptedTask& task) {
  const TenantRules rules{config_.sudo, config_.tenant_auto_create};
  PORPOISE_TRY(const std::string run_as, resolve_tenant(task.dispatch.context.tenant_code, rules));
  PORPOISE_TRY(const TaskRequest request, make_task_request(task, config_, catalog_, run_as));
  const HostSettings settings{.host_binary = host_binary_, .die_with_requester = false};
  auto& run = runs_[task.id()] = std::make_unique<Run>(*this, task.id());
  PORPOISE_TRY(auto process, TaskProcess::start(io_, settings, request, store_.folder(task.id()), *run));
  run->follow(std::move(process));
  return {};
}

AdoptOutcome TaskRuns::adopt(const TaskRequest& request) {
  const std::int64_t id = request.task_instance_id;
  auto run = std::make_unique<Run>(*this, id);
  auto process = TaskProcess::adopt(io_, host_binary_, request, store_.folder(id), *run);
  if (process && *process) {
    run->follow(*std::move(process));
    runs_[id] = std::move(run);
    return AdoptOutcome::kRunning;
  }
  // It may have ended between the first look and this one.
  if (const auto found = store_.find(id); found && found->result) {
    run->on_finished(*found->result);
    return AdoptOutcome::kFinished;
  }
  sweep_after_unseen(request, SudoUser(request.run_as, host_binary_), store_.folder(id));
  end_without_host(request, TaskState::kFailure, "task host lost: it ended without a result while the worker was away");
  return AdoptOutcome::kLost;
}

void TaskRuns::end_without_host(const TaskRequest& request, TaskState state, const std::string& message) {
  const std::int64_t id = request.task_instance_id;
  TaskResult result =
      record_lost_task(request, SudoUser(request.run_as, host_binary_), store_.folder(id), state, message, wall_ms());
  boost::asio::post(io_, [this, id, result = std::move(result)] { ended(id, result); });
}

void TaskRuns::cancel(std::int64_t task_instance_id, const std::string& reason, bool at_once) {
  const auto found = runs_.find(task_instance_id);
  if (found != runs_.end()) found->second->cancel(reason, at_once);
}

void TaskRuns::ended(std::int64_t task_instance_id, const TaskResult& result) {
  if (const auto found = runs_.find(task_instance_id); found != runs_.end()) {
    if (const auto& cancelled = found->second->cancelled())
      events_.on_killed(std::chrono::steady_clock::now() - *cancelled);
    runs_.erase(found);
  }
  events_.on_ended(task_instance_id, result);
}

}  // namespace porpoise
