#include "worker/task_executor.h"

#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "launcher/lost_host.h"
#include "launcher/task_process.h"
#include "worker/task_request.h"
#include "worker/tenant.h"

namespace porpoise {
namespace {

// While one waits for the exec of a host, another one writes the files of the next.
constexpr std::size_t kLaunchers = 2;

}  // namespace

class TaskExecutor::Run : public TaskListener {
 public:
  Run(TaskExecutor& runs, std::int64_t id) : runs_(runs), id_(id) {}

  void follow(std::unique_ptr<TaskProcess> process) {
    process_ = std::move(process);
    if (order_) carry_out(*order_);
  }

  // One that is still being launched is ended as soon as it is there.
  void cancel(const std::string& reason, bool at_once) {
    if (!cancelled_) cancelled_ = std::chrono::steady_clock::now();
    order_ = {reason, at_once};
    if (process_ != nullptr) carry_out(*order_);
  }
  const std::optional<std::chrono::steady_clock::time_point>& cancelled() const { return cancelled_; }

  void on_app_id(std::string_view app_id) override { runs_.events_.on_app_id(id_, std::string(app_id)); }
  void on_finished(const TaskResult& result) override {
    // Not from in here: our owner destroys us.
    boost::asio::post(runs_.io_, [&runs = runs_, id = id_, result] { runs.ended(id, result); });
  }

 private:
  struct Order {
    std::string reason;
    bool at_once;
  };
  void carry_out(const Order& order) { order.at_once ? process_->kill(order.reason) : process_->cancel(order.reason); }

  TaskExecutor& runs_;
  const std::int64_t id_;
  std::unique_ptr<TaskProcess> process_;
  std::optional<Order> order_;  // the last
  std::optional<std::chrono::steady_clock::time_point> cancelled_;
};

TaskExecutor::TaskExecutor(boost::asio::io_context& io, const WorkerConfig& config, const Catalog& catalog,
                           const TaskStore& store, std::filesystem::path host_binary, Events events)
    : io_(io),
      config_(config),
      catalog_(catalog),
      store_(store),
      host_binary_(std::move(host_binary)),
      events_(std::move(events)),
      launchers_(kLaunchers) {}

TaskExecutor::~TaskExecutor() = default;

void TaskExecutor::start(const AcceptedTask& task) {
  auto request = request_for(task);
  if (request) return launch(*request);
  TaskRequest unmade;  // what the log and the result need
  unmade.task_instance_id = task.id();
  unmade.log_path = task.log_path;
  unmade.execute_path = task.execute_path;
  unmade.var_pool = task.dispatch.context.var_pool;
  unmade.app_ids = task.dispatch.context.app_ids;
  unmade.dry_run = task.dispatch.context.dry_run;
  fail_to_start(unmade, request.error());
}

Result<TaskRequest> TaskExecutor::request_for(const AcceptedTask& task) const {
  PORPOISE_TRY(const std::string run_as, resolve_tenant(task.dispatch.context.tenant_code, config_));
  return make_task_request(task, config_, catalog_, run_as);
}

HostSettings TaskExecutor::host_settings() const { return {.host_binary = host_binary_, .die_with_requester = false}; }

void TaskExecutor::launch(const TaskRequest& request) {
  const std::int64_t id = request.task_instance_id;
  runs_[id] = std::make_unique<Run>(*this, id);
  launchers_.post([this, request, settings = host_settings(), folder = store_.folder(id)] {
    const auto began = std::chrono::steady_clock::now();
    auto host = launch_host(settings, request, folder);
    const auto took = std::chrono::steady_clock::now() - began;
    boost::asio::post(io_, [this, request, host = std::move(host), took]() mutable {
      events_.on_launched(took);
      launched(request, std::move(host));
    });
  });
}

void TaskExecutor::launched(const TaskRequest& request, Result<LaunchedHost> host) {
  const std::int64_t id = request.task_instance_id;
  if (!host) return fail_to_start(request, host.error());
  Run& run = *runs_.at(id);
  run.follow(TaskProcess::follow(io_, *std::move(host), host_settings(), request, store_.folder(id), run));
}

void TaskExecutor::fail_to_start(const TaskRequest& request, const Error& problem) {
  runs_.erase(request.task_instance_id);
  // 3.1 looks nothing up in a dry run: it succeeds, whatever is missing here.
  if (request.dry_run) return end_without_host(request, TaskState::kSuccess, "dry run: " + problem.to_string());
  end_without_host(request, TaskState::kFailure, problem.to_string());
}

AdoptOutcome TaskExecutor::adopt(const TaskRequest& request, const std::string& damage) {
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
  const auto survivors = sweep_after_unseen(request, SudoUser(request.run_as, host_binary_), store_.folder(id));
  const std::string why = damage.empty() ? "task host lost: it ended without a result while the worker was away"
                                         : "task result lost: " + damage;
  end_without_host(request, TaskState::kFailure, why, survivors);
  return AdoptOutcome::kLost;
}

void TaskExecutor::end_without_host(const TaskRequest& request, TaskState state, const std::string& message,
                                    const std::vector<ProcessInfo>& survivors) {
  const std::int64_t id = request.task_instance_id;
  TaskResult result = record_lost_task(request, SudoUser(request.run_as, host_binary_), store_.folder(id), state,
                                       message, wall_ms(), survivors);
  boost::asio::post(io_, [this, id, result = std::move(result)] { ended(id, result); });
}

void TaskExecutor::cancel(std::int64_t task_instance_id, const std::string& reason, bool at_once) {
  const auto found = runs_.find(task_instance_id);
  if (found != runs_.end()) found->second->cancel(reason, at_once);
}

void TaskExecutor::ended(std::int64_t task_instance_id, const TaskResult& result) {
  if (const auto found = runs_.find(task_instance_id); found != runs_.end()) {
    if (const auto& cancelled = found->second->cancelled())
      events_.on_killed(std::chrono::steady_clock::now() - *cancelled);
    runs_.erase(found);
  }
  events_.on_ended(task_instance_id, result);
}

}  // namespace porpoise
