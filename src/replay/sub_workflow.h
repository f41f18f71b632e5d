// A SUB_PROCESS task: runs the definition it names, which is in the same file (3.1 `SubTaskProcessor`).
//
// One attempt, see attempt.h.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "replay/attempt.h"
#include "replay/task_log.h"
#include "replay/task_run.h"
#include "replay/workflow_run.h"

namespace porpoise {

class SubWorkflow final : public Attempt {
 public:
  SubWorkflow(RunContext& context, const Workflow& child, const TaskRun& task, RunParameters parameters,
              PropertyList received, FailureStrategy strategy, AttemptDone on_done);

  void begin();
  void stop(const std::string& reason, bool at_once) override;
  void collect(std::vector<TaskReport>& reports) const { run_.collect(reports); }

 private:
  void watch_timeout();
  void ended();
  TaskResult result() const;
  void log(std::string_view text, LogEnd end = LogEnd::kOpen) const;

  RunContext& context_;
  const Workflow& child_;
  const TaskRun& task_;
  const PropertyList received_;
  AttemptDone on_done_;
  boost::asio::steady_timer timeout_;
  bool timed_out_ = false;
  std::int64_t start_time_ms_ = 0;
  WorkflowRun run_;
};

}  // namespace porpoise
