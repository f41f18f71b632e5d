// One task of a replay from ready to its end, and what all tasks of a replay share: settings, slots, the starter of
// hosts.
//
// Owned by the Runner and its WorkflowRuns; all of it on the one thread that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "launcher/task_process.h"
#include "model/request.h"
#include "progress/status.h"
#include "replay/run_directory.h"
#include "workflow/workflow.h"

namespace porpoise {

// One try at a task, whatever it consists of: a task host, a condition, a nested workflow.

// Lives on the runner's thread. Destroying one that runs ends it hard.
class Attempt {
 public:
  virtual ~Attempt() = default;
  // Ends it, after its grace period or at once; its end is reported as usual.
  virtual void stop(const std::string& reason, bool at_once) = 0;
};

// Called exactly once per attempt and never from inside its start; the attempt may not be destroyed in there.
using AttemptDone = std::function<void(const TaskResult&)>;
using AttemptLine = std::function<void(std::string_view)>;

// Starts a task host for a request; tests put their own in its place.
using HostStarter = std::function<Result<std::unique_ptr<Attempt>>(
    const TaskRequest& request, const std::filesystem::path& state_folder, AttemptLine on_line, AttemptDone on_done)>;

// `io` must outlive the starter and its attempts.
HostStarter make_host_starter(boost::asio::io_context& io, HostSettings settings);

// How many tasks may run at a time, and who is next: the highest priority, then whoever asked first.
//
// One thread. A grant is called from inside request() or release(), never after cancel().
class Slots {
 public:
  using Ticket = std::pair<int, std::uint64_t>;  // priority (0 is the highest), number

  explicit Slots(std::size_t count) : free_(count) {}

  Ticket request(int priority, std::function<void()> grant);
  // For a request that was not granted yet; anything else is ignored.
  void cancel(Ticket ticket) { waiting_.erase(ticket); }
  // One for each grant.
  void release();

 private:
  void grant_next();

  std::size_t free_;
  std::uint64_t next_number_ = 0;
  std::map<Ticket, std::function<void()>> waiting_;
};

// What all parts of one replay share: its settings, and what there is once per replay.

// How a task type is run.
struct TaskPlugin {
  std::filesystem::path file;
  Json config = Json::object();
};

struct RunSettings {
  std::vector<Workflow> workflows;            // all of the file: a SUB_PROCESS finds its definition here
  std::map<std::string, TaskPlugin> plugins;  // by task type
  FailureStrategy failure_strategy = FailureStrategy::kContinue;
  std::size_t parallel = 1;
  double time_scale = 1;  // of delays, retry intervals and timeouts
  std::chrono::milliseconds kill_grace{10000};
  std::string environment_config;   // shell lines in front of each script
  std::string env_file;             // sourced when there are none
  std::string environment_text;     // what both say
  std::set<std::string> variables;  // names in the environment of the tasks
  std::filesystem::path resources;  // in place of the resource centre; empty: there is none
  bool dry_run = false;
  bool keep_work = false;
  bool keep_leftovers = false;  // of tasks that do not say it themselves

  // A duration of the definition in the time of this replay; what is not zero stays so.
  std::chrono::milliseconds scaled(std::chrono::minutes duration) const {
    if (duration.count() <= 0) return std::chrono::milliseconds(0);
    const double millis = static_cast<double>(std::chrono::milliseconds(duration).count()) * time_scale;
    return std::chrono::milliseconds(static_cast<std::int64_t>(millis) + 1);
  }
};

// Owned by the Runner, one thread.
struct RunContext {
  boost::asio::io_context& io;
  const RunSettings& settings;
  const RunDirectory& directory;
  StatusPrinter& status;
  HostStarter start_host;
  Slots slots;
  std::chrono::steady_clock::time_point started_at;
  std::int64_t next_task_instance = 1;
  std::int64_t next_process_instance = 1;

  StatusPrinter::Elapsed elapsed() const {
    return std::chrono::duration_cast<StatusPrinter::Elapsed>(std::chrono::steady_clock::now() - started_at);
  }
};

// One task of a run from ready to its end: delay, waiting for a slot, attempts, retries, timeout warnings.
//
// Owned by a WorkflowRun until the replay is over; one thread.
class TaskRun;

class TaskOwner {
 public:
  virtual ~TaskOwner() = default;
  virtual void task_starting(TaskRun& task) = 0;  // once, before the first attempt
  virtual bool may_retry(const TaskRun& task, TaskState state, int attempt) const = 0;
  // Starts an attempt with the instance id and log of the task's report. An error becomes a failed attempt.
  virtual Result<std::unique_ptr<Attempt>> start_attempt(TaskRun& task, AttemptDone on_done) = 0;
  // The names of the tasks that the result of a SWITCH or CONDITIONS task leads to.
  virtual std::vector<std::string> leads_to(const TaskRun& task, const TaskResult& result) const = 0;
  // What a dry run shows of the task, from its log.
  virtual std::vector<std::string> plan_of(const TaskRun& task, std::vector<std::string> lines) const = 0;
  virtual void task_ended(TaskRun& task, const TaskResult& result) = 0;
};

class TaskRun {
 public:
  // `definition` and `owner` outlive it. `needs_slot`: it counts for --parallel.
  TaskRun(RunContext& context, const TaskDefinition& definition, const ProcessInstance& process, std::string name,
          bool needs_slot, TaskOwner& owner);

  void begin();
  // What has not started never will; what waits for a retry ends as it is; what runs is stopped.
  void stop(const std::string& reason, bool at_once);

  const TaskDefinition& definition() const { return definition_; }
  const TaskReport& report() const { return report_; }
  int attempt() const { return report_.attempts; }
  const Attempt* current() const { return attempt_.get(); }
  bool ended() const { return phase_ == Phase::kEnded; }

 private:
  enum class Phase { kWaiting, kQueued, kRunning, kEnded };
  using Clock = std::chrono::steady_clock;

  void wait(std::chrono::milliseconds duration, void (TaskRun::*next)());
  void enqueue();
  void launch();
  void warn_when_late();
  void attempt_ended(const TaskResult& result);
  void finish(const TaskResult& result);
  void fail_later(const Error& error);
  TaskAttempt attempt_label() const;

  RunContext& context_;
  const TaskDefinition& definition_;
  const ProcessInstance process_;
  const bool needs_slot_;
  TaskOwner& owner_;
  Phase phase_ = Phase::kWaiting;
  TaskReport report_;
  TaskResult last_result_;  // of a failed attempt that is to be followed by another
  std::unique_ptr<Attempt> attempt_;
  Slots::Ticket ticket_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer warning_;
  Clock::time_point ready_at_;
  Clock::time_point started_at_;
};

}  // namespace porpoise
