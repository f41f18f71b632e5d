// How a run shows itself, while it goes and at its end: the values of what happened, and the interface of the printers.
//
// Values are pure. A printer is owned by the replay command and called on the runner's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/property.h"
#include "workflow/graph.h"

namespace porpoise {

// What became of a run: the values behind the table, the summary file and the events. Pure.
struct TaskReport {
  std::int64_t instance_id = 0;  // 0: no instance, the task did not come to run
  std::string name;              // inside a SUB_PROCESS "parent/child"
  std::string type;
  bool nested = false;  // part of a SUB_PROCESS
  NodeState state = NodeState::kWaiting;
  std::string message;  // why it failed, was skipped or did not run
  int exit_code = -1;
  int attempts = 0;
  std::chrono::milliseconds wait{0};  // from ready to its first start
  std::chrono::milliseconds run{0};   // of all attempts
  PropertyList var_pool;
  std::vector<std::string> leads_to;  // of a SWITCH or CONDITIONS task: the names of the tasks that it chose
  std::filesystem::path log;

  bool failed() const { return state == NodeState::kFailure || state == NodeState::kKill; }
};

struct RunReport {
  std::string workflow;
  RunState state = RunState::kRunning;
  bool interrupted = false;
  bool dry_run = false;
  std::chrono::milliseconds duration{0};
  std::filesystem::path run_directory;  // gone after a dry run
  std::vector<TaskReport> tasks;        // in the order of the file, those of a SUB_PROCESS behind it
};

// How a run shows itself while it goes: one interface, and a printer each for terminals, pipes, programs and silence.
//
// Owned by the replay command and called on the runner's thread. `at` is the time since the workflow started: printers
// have no clock.
class Output;

struct RunStart {
  std::string workflow;
  std::size_t tasks = 0;
  std::filesystem::path run_directory;
  std::int64_t start_time_ms = 0;  // epoch
  bool dry_run = false;
};

// One attempt of a task.
struct TaskAttempt {
  std::int64_t instance_id = 0;
  std::string name;
  std::string type;
  int attempt = 1;
  int max_attempts = 1;
  std::filesystem::path log;
};

class StatusPrinter {
 public:
  using Elapsed = std::chrono::milliseconds;

  virtual ~StatusPrinter() = default;
  virtual void workflow_started(const RunStart& start) = 0;
  virtual void task_started(const TaskAttempt& task, Elapsed at) = 0;
  // The newest line of a running task's log, a few times per second.
  virtual void task_line(std::int64_t /*instance_id*/, std::string_view /*line*/) {}
  // A failed attempt that is followed by another one after `delay`.
  virtual void task_retry(const TaskAttempt& task, std::string_view message, Elapsed delay, Elapsed at) = 0;
  // `log_tail`: the last lines of a failed task's log; in a dry run the task's whole plan.
  virtual void task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) = 0;
  // Skipped, forbidden or not run: `task.message` says why.
  virtual void task_skipped(const TaskReport& task, Elapsed at) = 0;
  virtual void note(std::string_view text, Elapsed at) = 0;
  virtual void workflow_finished(const RunReport& report) = 0;
  // Some ten times per second while animated() holds.
  virtual void tick(Elapsed /*at*/) {}
  virtual bool animated() const { return false; }
};

enum class StatusFormat { kTerminal, kPlain, kJson, kQuiet };

// `out` must outlive the printer.
std::unique_ptr<StatusPrinter> make_status_printer(StatusFormat format, Output& out);

}  // namespace porpoise
