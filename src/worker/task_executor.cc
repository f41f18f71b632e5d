#include "worker/task_executor.h"

#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "launcher/lost_host.h"
#include "model/host_protocol.h"
#include "worker/task_request.h"

namespace porpoise {
namespace {

// While one waits for the exec of a host, another one writes the files of the next.
constexpr BlockingCallLimits kLaunches{.threads = 2};
constexpr BlockingCallLimits kLookUps{.threads = 4,
                                      .max_hung = 32};  // a slow answer about one tenant delays few others
// A host that cannot be ended takes half a minute.
constexpr BlockingCallLimits kBurials{.threads = 8};

constexpr std::chrono::seconds kLaunchLimit{60};  // files, and an exec on a machine that is busy
constexpr std::chrono::minutes kBurialLimit{5};   // the removal of a folder, which may be large

// After so long of SIGKILL a process hangs in the kernel.
constexpr std::chrono::seconds kSurvivorPatience{10};

}  // namespace

class TaskExecutor::Run : public TaskListener {
 public:
  // `unresolved`: what to end the task by while its tenant's user is not known yet. None: it is, or was.
  Run(TaskExecutor& runs, TaskRequest unresolved) : Run(runs, unresolved.task_instance_id) {
    unresolved_ = std::move(unresolved);
    wanted_ = std::chrono::steady_clock::now();
  }
  Run(TaskExecutor& runs, std::int64_t id) : runs_(runs), id_(id) {}

  // False when the task has been cancelled before.
  bool resolved() { return std::exchange(unresolved_, std::nullopt).has_value(); }

  void follow(std::unique_ptr<TaskProcess> process) {
    process_ = std::move(process);
    if (order_) end_process();
  }

  // One that is still being launched is ended as soon as it is there.
  void cancel(const std::string& reason, bool given_up) {
    given_up_ = given_up_ || given_up;
    if (!cancelled_) cancelled_ = std::chrono::steady_clock::now();
    if (!order_) order_ = reason;
    if (fenced_) return on_finished(*std::exchange(fenced_, std::nullopt));
    if (process_ != nullptr) end_process();
    if (auto request = std::exchange(unresolved_, std::nullopt))
      runs_.end_without_host(*request, TaskState::kKill, "cancelled: " + reason);
  }
  const std::optional<std::chrono::steady_clock::time_point>& cancelled() const { return cancelled_; }

  std::optional<std::int64_t> host() const { return process_ ? std::optional(process_->pid()) : std::nullopt; }

  // What its host ended as fenced, before `time`, is told after all. Nothing: it was not.
  std::optional<TaskResult> fenced_before(std::chrono::steady_clock::time_point time) {
    return fenced_ && fenced_at_ < time ? std::exchange(fenced_, std::nullopt) : std::nullopt;
  }

  void on_started(std::int64_t) override {
    if (const auto wanted = std::exchange(wanted_, std::nullopt))
      runs_.deps_.metrics.tasks.host_started(std::chrono::steady_clock::now() - *wanted);
  }
  void on_app_id(std::string_view app_id) override { runs_.deps_.loop.post(event::AppId{id_, std::string(app_id)}); }
  void on_hung(std::string_view why) override {
    runs_.deps_.metrics.tasks.host_hung();
    runs_.deps_.log.warn(std::string(why) + ": it is ended", {{"task_instance_id", id_}});
  }
  void on_finished(const TaskResult& result) override {
    if (result.fenced && !order_) {
      fenced_ = result;
      fenced_at_ = std::chrono::steady_clock::now();
      return;
    }
    // Not from in here: our owner destroys us.
    boost::asio::post(runs_.deps_.io, [&runs = runs_, id = id_, result] { runs.ended(id, result); });
  }

 private:
  void end_process() { given_up_ ? process_->give_up(*order_) : process_->cancel(*order_); }

  TaskExecutor& runs_;
  const std::int64_t id_;
  std::unique_ptr<TaskProcess> process_;
  std::optional<TaskRequest> unresolved_;
  std::optional<std::chrono::steady_clock::time_point> wanted_;  // of one whose host has not begun; none: adopted
  std::optional<std::string> order_;                             // to end, and why
  bool given_up_ = false;                                        // by its masters, who run it elsewhere
  // Its host ended it, as the worker's session should have ended. Whether it has is known only when a server says so:
  // then the task is cancelled, and its end is nobody's business, or TaskExecutor::session_lives.
  std::optional<TaskResult> fenced_;
  std::chrono::steady_clock::time_point fenced_at_{};
  std::optional<std::chrono::steady_clock::time_point> cancelled_;
};

TaskExecutor::TaskExecutor(TaskExecutorDeps deps)
    : deps_(std::move(deps)),
      children_(leftover_handlers(), kSurvivorPatience),
      look_ups_(deps_.io, kLookUps),
      launches_(deps_.io, kLaunches),
      burials_(deps_.io, kBurials),
      tenants_(look_ups_, TenantResolver::system_source(deps_.config)) {}

TaskExecutor::~TaskExecutor() = default;

// They come on the reaper's thread, and write what any thread may.
ChildReaper::Handlers TaskExecutor::leftover_handlers() {
  return {[this](std::size_t count, const std::vector<ProcessInfo>& first) {
            deps_.log.warn("ended processes that no living task host accounts for: " + describe(first),
                           {{"processes", count}});
          },
          [this](const ProcessInfo& survivor) {
            deps_.metrics.tasks.survived(1);
            deps_.log.error("a process that no living task host accounts for lives on after SIGKILL: " +
                            describe({survivor}));
          }};
}

std::vector<pid_t> TaskExecutor::hosts() const {
  std::vector<pid_t> hosts;
  for (const auto& [id, run] : runs_)
    if (const auto host = run->host()) hosts.push_back(static_cast<pid_t>(*host));
  return hosts;
}

std::map<std::int64_t, pid_t> TaskExecutor::hosts_by_task() const {
  std::map<std::int64_t, pid_t> hosts;
  for (const auto& [id, run] : runs_)
    if (const auto host = run->host()) hosts.emplace(id, static_cast<pid_t>(*host));
  return hosts;
}

std::map<std::string, std::size_t> TaskExecutor::hung_calls() const {
  return {{"look-up", look_ups_.hung()}, {"launch", launches_.hung()}, {"burial", burials_.hung()}};
}

void TaskExecutor::start(const AcceptedTask& task) {
  const auto run = std::make_shared<Run>(*this, unmade_request(task));
  runs_[task.id()] = run;
  tenants_.resolve(task.dispatch.context.tenant_code,
                   [this, task, weak = std::weak_ptr(run)](const Result<std::string>& user) {
                     if (const auto asking = weak.lock(); asking && asking->resolved()) resolved(task, user);
                   });
}

void TaskExecutor::resolved(const AcceptedTask& task, const Result<std::string>& user) {
  const auto request = user.and_then(
      [&](const std::string& run_as) { return make_task_request(task, deps_.config, deps_.catalog, run_as); });
  if (!request) return fail_to_start(unmade_request(task), request.error());
  launch(*request);
}

LauncherDeps TaskExecutor::launcher() { return {deps_.io, deps_.hosts, &burials_, &children_}; }

void TaskExecutor::launch(const TaskRequest& request) {
  const std::int64_t id = request.task_instance_id;
  const auto began = std::chrono::steady_clock::now();
  launches_.call(
      "the launch of a host for task " + std::to_string(id), kLaunchLimit,
      [this, request, folder = deps_.store.folder(id)] {
        auto host = launch_host(deps_.hosts, request, folder, &children_);
        // Known before the host can have ended, so that what it leaves is not taken for a lost host's.
        if (host && request.keep_leftovers)
          children_.keep(std::string(kCookieVariable) + "=" +
                         task_cookie(request.task_instance_id, host->pid, host->start_ticks));
        return host;
      },
      [this, request, began](Result<LaunchedHost> host) {
        deps_.metrics.tasks.host_spawned(std::chrono::steady_clock::now() - began);
        launched(request, std::move(host));
      },
      [this, request](Result<LaunchedHost> late) {
        if (late) end_late(*std::move(late), request);
      });
}

// A host that was there too late: its task has been said to have failed.
void TaskExecutor::end_late(LaunchedHost launched, const TaskRequest& request) {
  const auto host = std::make_shared<LostHost>();
  host->request = request;
  host->host_binary = deps_.hosts.host_binary;
  host->seal = deps_.hosts.seal;
  host->pid = launched.pid;
  host->start_ticks = launched.start_ticks;
  host->pid_fd = std::move(launched.pid_fd);
  host->alive = true;
  burials_.call(
      "the end of a host that was launched too late", kBurialLimit,
      [this, host]() -> Status {
        end_unwanted(*host, &children_);
        return {};
      },
      [](const Status&) {});
}

void TaskExecutor::launched(const TaskRequest& request, Result<LaunchedHost> host) {
  const std::int64_t id = request.task_instance_id;
  if (!host) return fail_to_start(request, host.error());
  Run& run = *runs_.at(id);
  run.follow(TaskProcess::follow(launcher(), *std::move(host), request, deps_.store.folder(id), run));
}

void TaskExecutor::fail_to_start(const TaskRequest& request, const Error& problem) {
  // 3.1 looks nothing up in a dry run: it succeeds, whatever is missing here.
  if (request.dry_run) return end_without_host(request, TaskState::kSuccess, "dry run: " + problem.to_string());
  end_without_host(request, TaskState::kFailure, problem.to_string());
}

struct TaskExecutor::Found {
  std::optional<LaunchedHost> host;  // it lives
  std::optional<TaskResult> result;  // it has ended
};

void TaskExecutor::adopt(const TaskRequest& request, const std::string& reason) {
  const std::int64_t id = request.task_instance_id;
  runs_[id] = std::make_shared<Run>(*this, id);
  look_for_host(request, reason);
}

void TaskExecutor::adopt_unread(const AcceptedTask& task, const std::string& reason) {
  if (task.dispatch.context.tenant_code.empty())
    return adopt(unmade_request(task), reason);  // that cannot be read either
  const auto run = std::make_shared<Run>(*this, task.id());
  runs_[task.id()] = run;
  tenants_.resolve(task.dispatch.context.tenant_code, [this, request = unmade_request(task), reason,
                                                       weak = std::weak_ptr(run)](const Result<std::string>& user) {
    if (weak.expired()) return;
    TaskRequest known = request;
    known.run_as = user.value_or("");
    look_for_host(known, reason);
  });
}

void TaskExecutor::look_for_host(const TaskRequest& request, const std::string& reason) {
  const std::int64_t id = request.task_instance_id;
  launches_.call(
      "the search for the host of task " + std::to_string(id), kLaunchLimit,
      [store = deps_.store, settings = deps_.hosts, id]() -> Result<Found> {
        Found found;
        PORPOISE_TRY(found.host, find_running_host(settings, id, store.folder(id)));
        // It may have ended since the folder was read.
        if (found.host) return found;
        if (const auto folder = store.find(id)) found.result = folder->result;
        return found;
      },
      [this, request, reason](Result<Found> outcome) { found(request, reason, std::move(outcome)); },
      [this, request](Result<Found> late) {
        if (late && late->host) end_late(*std::move(late->host), request);
      });
}

void TaskExecutor::found(const TaskRequest& request, const std::string& reason, Result<Found> outcome) {
  const std::int64_t id = request.task_instance_id;
  Run& run = *runs_.at(id);
  if (outcome && outcome->host) {
    deps_.metrics.tasks.adopted(AdoptOutcome::kRunning);
    run.follow(TaskProcess::follow(launcher(), *std::move(outcome->host), request, deps_.store.folder(id), run));
  } else if (outcome && outcome->result) {
    deps_.metrics.tasks.adopted(AdoptOutcome::kFinished);
    run.on_finished(*outcome->result);
  } else {
    deps_.metrics.tasks.adopted(AdoptOutcome::kLost);
    end_without_host(request, TaskState::kFailure, reason, true);
  }
}

// `sweep`: a host was there, so something of the task may live.
void TaskExecutor::end_without_host(const TaskRequest& request, TaskState state, const std::string& message,
                                    bool sweep) {
  const std::int64_t id = request.task_instance_id;
  const std::int64_t began = wall_ms();
  burials_.call(
      "what is left of task " + std::to_string(id), kBurialLimit,
      [=, settings = deps_.hosts, folder = deps_.store.folder(id)]() -> Result<TaskResult> {
        const TaskEnding ending{state, message, false, began};
        return sweep ? answer_for_unseen(request, settings, folder, ending)
                     : record_unstarted_task(request, settings, folder, ending);
      },
      [=, this](const Result<TaskResult>& recorded) {
        if (recorded) return ended(id, *recorded);
        TaskResult result;
        result.task_instance_id = id;
        result.state = state;
        result.message = message + "; " + recorded.error().to_string();
        result.start_time_ms = began;
        result.end_time_ms = wall_ms();
        result.var_pool = request.var_pool;
        result.app_ids = request.app_ids;
        ended(id, result);
      });
}

void TaskExecutor::cancel(std::int64_t task_instance_id, const std::string& reason, bool given_up) {
  const auto found = runs_.find(task_instance_id);
  if (found != runs_.end()) found->second->cancel(reason, given_up);
}

void TaskExecutor::session_lives(std::chrono::steady_clock::time_point asked) {
  for (const auto& [id, run] : runs_)
    if (auto result = run->fenced_before(asked))
      boost::asio::post(deps_.io, [this, id = id, result = *std::move(result)] { ended(id, result); });
}

void TaskExecutor::ended(std::int64_t task_instance_id, const TaskResult& result) {
  if (const auto found = runs_.find(task_instance_id); found != runs_.end()) {
    if (const auto& cancelled = found->second->cancelled())
      deps_.metrics.tasks.killed(std::chrono::steady_clock::now() - *cancelled);
    runs_.erase(found);
  }
  deps_.loop.post(event::Ended{task_instance_id, result});
}

}  // namespace porpoise
