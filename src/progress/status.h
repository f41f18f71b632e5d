// How a run shows itself while it goes: one interface, and a printer each for terminals, pipes, programs and silence.
//
// Owned by the replay command and called on the runner's thread. `at` is the time since the workflow started: printers
// have no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "progress/run_report.h"

namespace porpoise {

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
