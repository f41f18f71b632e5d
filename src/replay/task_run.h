// One task of a run from ready to its end: delay, waiting for a slot, attempts, retries, timeout warnings.
//
// Owned by a WorkflowRun until the replay is over; one thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "progress/run_report.h"
#include "replay/run_context.h"

namespace porpoise {

class TaskRun;

class TaskOwner {
 public:
  virtual ~TaskOwner() = default;
  virtual void task_starting(TaskRun& task) = 0;  // once, before the first attempt
  virtual bool may_retry(const TaskRun& task, TaskState state, int attempt) const = 0;
  // Starts an attempt with the instance id and log of the task's report. An error becomes a failed attempt.
  virtual Result<std::unique_ptr<Attempt>> start_attempt(TaskRun& task, AttemptDone on_done) = 0;
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
