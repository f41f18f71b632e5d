// Follows one step of a task, the plugin or what is fetched for it, until nothing of it lives: the trusted half of the
// task host.
//
// One object, one thread, in the process that leads the task's session and adopts its orphans. It never runs foreign
// code and never waits for anything without a limit.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/request.h"
#include "process/kill_tree.h"
#include "process/process_info.h"
#include "taskdir/liveness.h"
#include "taskdir/task_log.h"
#include "taskhost/control_link.h"
#include "taskhost/outcome.h"
#include "taskhost/runner_process.h"
#include "taskhost/sudo_helper.h"
#include "taskhost/task_output.h"

namespace porpoise {

struct HostOptions {
  std::filesystem::path self;  // of porpoise-host, for others to start
  std::filesystem::path state_dir;
  int control_fd = -1;  // -1: no requester
  bool die_with_requester = false;
  bool follow = false;
  std::filesystem::path lease;  // of the worker: taskdir/liveness.h; empty: it needs none
  bool sealed = false;          // the requester gives a key, as the first packet (taskdir/result_file.h)
};

// What was seen of the task when it is over.
struct ExecutionReport {
  TaskEnd end;
  std::int64_t process_id = 0;  // of the first child
  std::string app_ids;
  std::optional<Branch> branch;
  std::vector<FetchedResource> fetched;
  std::optional<TaskAlert> alert;
  std::vector<ProcessInfo> survivors;  // that SIGKILL did not end
};

class Supervisor {
 public:
  using Clock = std::chrono::steady_clock;

  // Everything is borrowed. `signals` is a signalfd. `deadline` is that of the task, with all its steps.
  Supervisor(const HostOptions& options, const TaskRequest& request, TaskLog& log, TaskOutput& output,
             ControlLink& control, const SudoUser& tenant, TenantKill& sweep, int signals,
             std::optional<Clock::time_point> deadline);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // One of them, once.
  Result<ExecutionReport> run_plugin();
  Result<ExecutionReport> run_fetch(const std::filesystem::path& program, int order);

 private:
  ExecutionReport follow();
  void wait_for_event();
  Clock::time_point next_alarm() const;
  void look_at_clock();

  void read_signals();
  void reap();
  void read_packets(int at_most);
  void take(const Packet& packet);
  void take_variable(const Packet& packet);
  void take_app_id(std::string_view app_id);
  void take_fetched(std::int64_t millis, std::string_view bytes);
  Status store_app_id(std::string_view app_id);
  void read_output(std::size_t at_most);
  void read_waiting_output();
  void read_requester();
  void look_at_lease();

  void stop(StopReason reason, std::string text, std::chrono::milliseconds grace);
  void end_by(Clock::time_point time);
  void runner_ended();
  void end_leftovers();
  void kill_everything();
  void kill_orphans();
  void terminate(const std::vector<ProcessInfo>& processes);
  std::vector<ProcessInfo> tree() const;
  std::vector<ProcessInfo> tree_without_runner() const;

  const HostOptions& options_;
  const TaskRequest& request_;
  TaskLog& log_;
  TaskOutput& output_;
  std::string variable_;  // the parts that came of the value of one parameter
  ControlLink& control_;
  const SudoUser& tenant_;
  TenantKill& sweep_;
  const int signals_;
  const std::optional<Cgroup> cgroup_;
  std::optional<RunnerProcess> runner_;
  const std::unique_ptr<char[]> read_buffer_;
  ExecutionReport seen_;
  bool leftovers_seen_ = false;
  bool over_ = false;

  std::optional<Clock::time_point> deadline_;    // of the task
  std::optional<Clock::time_point> kill_at_;     // the end of a grace period
  std::optional<Clock::time_point> give_up_at_;  // set while killing
  Clock::time_point next_memory_look_;
  Clock::time_point next_news_{};
  std::optional<Clock::time_point> lease_look_;
  std::optional<Lease> lease_;  // as it was last read
};

// --- The task host: one process for one task, from its request to its result; in host.cc.

// How a task host ends that could not leave a result, as env and timeout do.
inline constexpr int kHostFailed = 125;

// Does the task in `state_dir`/request.json and leaves `state_dir`/result.json. Returns the exit status of the process:
// the task's exit code, or kHostFailed, with the reason on standard error. Call it on the only thread of a process of
// its own.
int run_host(const HostOptions& options);

}  // namespace porpoise
