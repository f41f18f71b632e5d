// The executions in progress: one task host each, started here or adopted from an earlier run of the worker.
//
// Lives on the control thread's io_context; hosts are launched beside it, for a busy machine takes its time to run a
// new process. Every start ends in exactly one on_ended, never from inside start().
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "config/worker_config.h"
#include "engine/task_table.h"
#include "launcher/launch_host.h"
#include "observe/metrics.h"
#include "plugin/catalog.h"
#include "process/process_info.h"
#include "store/task_store.h"

namespace porpoise {

class TaskExecutor {
 public:
  struct Events {
    std::function<void(std::int64_t id, const TaskResult& result)> on_ended;
    std::function<void(std::int64_t id, const std::string& app_id)> on_app_id;
    std::function<void(std::chrono::steady_clock::duration took)> on_killed;  // from the order to the end
    std::function<void(std::chrono::steady_clock::duration took)> on_launched;
  };

  TaskExecutor(boost::asio::io_context& io, const WorkerConfig& config, const Catalog& catalog, const TaskStore& store,
               std::filesystem::path host_binary, Events events);
  TaskExecutor(const TaskExecutor&) = delete;
  TaskExecutor& operator=(const TaskExecutor&) = delete;
  ~TaskExecutor();

  void start(const AcceptedTask& task);
  // A task that was running when the worker ended: followed when its host lives, else ended as it is found, with
  // nothing of it left alive.
  // `damage`: why its result cannot be read, if there was one.
  AdoptOutcome adopt(const TaskRequest& request, const std::string& damage);
  void cancel(std::int64_t task_instance_id, const std::string& reason, bool at_once);

 private:
  class Run;
  Result<TaskRequest> request_for(const AcceptedTask& task) const;
  HostSettings host_settings() const;
  void launch(const TaskRequest& request);
  void launched(const TaskRequest& request, Result<LaunchedHost> host);
  void fail_to_start(const TaskRequest& request, const Error& problem);
  void end_without_host(const TaskRequest& request, TaskState state, const std::string& message,
                        const std::vector<ProcessInfo>& survivors = {});
  void ended(std::int64_t task_instance_id, const TaskResult& result);

  boost::asio::io_context& io_;
  const WorkerConfig& config_;
  const Catalog& catalog_;
  const TaskStore& store_;
  const std::filesystem::path host_binary_;
  const Events events_;
  std::map<std::int64_t, std::unique_ptr<Run>> runs_;
  ThreadPool launchers_;
};

}  // namespace porpoise
