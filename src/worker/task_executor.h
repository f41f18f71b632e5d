// The adapter between the Engine and the task hosts: the executions in progress, one host each, started here or adopted
// from an earlier run of the worker. What becomes of them is posted to the loop.
//
// Owned by Daemon; the control thread. What may take long is done by BlockingCalls, each with a deadline: asking
// who a tenant's user is, launching a host or finding one, answering for one that died. Every start() and adopt() ends
// in exactly one event::Ended.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/blocking_calls.h"
#include "base/result.h"
#include "config/worker_config.h"
#include "engine/accepted_task.h"
#include "launcher/task_process.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "plugin/catalog.h"
#include "process/child_reaper.h"
#include "store/task_store.h"
#include "worker/tenant.h"
#include "worker/worker_loop.h"

namespace porpoise {

struct TaskExecutorDeps {
  boost::asio::io_context& io;
  WorkerLoop& loop;
  const WorkerConfig& config;
  const Catalog& catalog;
  const TaskStore& store;
  HostSettings hosts;
  Metrics& metrics;
  Log& log;
};

class TaskExecutor {
 public:
  explicit TaskExecutor(TaskExecutorDeps deps);
  TaskExecutor(const TaskExecutor&) = delete;
  TaskExecutor& operator=(const TaskExecutor&) = delete;
  ~TaskExecutor();

  void start(const AcceptedTask& task);
  // A task that was running when the worker ended: followed when its host lives, else ended as it is found, with
  // nothing of it left alive, for `reason`.
  void adopt(const TaskRequest& request, const std::string& reason);
  // The same when its request cannot be read: as whom it runs, and so who can end it, is looked up again.
  void adopt_unread(const AcceptedTask& task, const std::string& reason);
  // SIGTERM, its grace period, SIGKILL. `reason`, with who asked, is for its log; that of the first call counts.
  // `given_up`: masters run it elsewhere, and the worker is not registered before its end: a host that does not answer
  // is ended with it.
  void cancel(std::int64_t task_instance_id, const std::string& reason, bool given_up = false);

  // For tasks that start from now on, whose users are as `config` says.
  void set_tenants(const WorkerConfig& config) { tenants_.use(TenantResolver::system_source(config)); }

  // A server of ZooKeeper has confirmed what was `asked` of it then: masters wait for what hosts ended as fenced
  // before.
  void session_lives(std::chrono::steady_clock::time_point asked);

  // The pids of the task hosts that live.
  std::vector<pid_t> hosts() const;
  std::map<std::int64_t, pid_t> hosts_by_task() const;

  // Calls that were given up on and have not come back, by what they were for.
  std::map<std::string, std::size_t> hung_calls() const;

 private:
  class Run;
  void resolved(const AcceptedTask& task, const Result<std::string>& user);
  LauncherDeps launcher();
  void launch(const TaskRequest& request);
  void launched(const TaskRequest& request, Result<LaunchedHost> host);
  void look_for_host(const TaskRequest& request, const std::string& reason);
  struct Found;
  void found(const TaskRequest& request, const std::string& reason, Result<Found> found);
  void fail_to_start(const TaskRequest& request, const Error& problem);
  void end_late(LaunchedHost host, const TaskRequest& request);
  void end_without_host(const TaskRequest& request, TaskState state, const std::string& message, bool sweep = false);
  void ended(std::int64_t task_instance_id, const TaskResult& result);
  // Of processes that no living task host accounts for.
  ChildReaper::Handlers leftover_handlers();

  const TaskExecutorDeps deps_;
  ChildReaper children_;
  std::map<std::int64_t, std::shared_ptr<Run>> runs_;
  BlockingCalls look_ups_;
  BlockingCalls launches_;
  BlockingCalls burials_;
  TenantResolver tenants_;
};

}  // namespace porpoise
