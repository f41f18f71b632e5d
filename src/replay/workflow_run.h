// One workflow definition while it runs: its graph, its tasks, and the varPools between them.
//
// Owned by the Runner, or by the SUB_PROCESS task that started it; one thread. Like all parts of a replay it lives
// until the Runner goes: its timers and callbacks count on that.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/property.h"
#include "replay/run_directory.h"
#include "replay/task_run.h"
#include "workflow/graph.h"
#include "workflow/workflow.h"

namespace porpoise {

class WorkflowRun final : private TaskOwner {
 public:
  // `workflow` outlives it. `prefix` goes in front of task names. `on_done` is called once, from the io_context.
  WorkflowRun(RunContext& context, const Workflow& workflow, GraphOptions options, RunParameters parameters,
              std::string prefix, std::function<void()> on_done);
  ~WorkflowRun() override;

  void begin();
  void stop(const std::string& reason, bool at_once);

  RunState state() const;
  bool done() const { return graph_.done(); }
  // varPool of the task that ended last: what a SUB_PROCESS task takes its OUT parameters from.
  const PropertyList& last_var_pool() const { return last_var_pool_; }
  void collect(std::vector<TaskReport>& reports) const;

 private:
  void task_starting(TaskRun& task) override;
  bool may_retry(const TaskRun& task, TaskState state, int attempt) const override;
  Result<std::unique_ptr<Attempt>> start_attempt(TaskRun& task, AttemptDone on_done) override;
  std::vector<std::string> leads_to(const TaskRun& task, const TaskResult& result) const override;
  std::vector<std::string> plan_of(const TaskRun& task, std::vector<std::string> lines) const override;
  void task_ended(TaskRun& task, const TaskResult& result) override;

  void launch(const std::vector<std::int64_t>& codes);
  void launch(std::int64_t code);
  void stop_tasks(const std::string& reason, bool at_once);
  void announce_settled();
  void watch_timeout();
  TaskReport report_of(const TaskDefinition& task) const;
  Result<std::unique_ptr<Attempt>> start_host(TaskRun& task, AttemptDone on_done);
  Result<std::unique_ptr<Attempt>> start_conditions(TaskRun& task, AttemptDone on_done);
  Result<std::unique_ptr<Attempt>> start_assumed(TaskRun& task, AttemptDone on_done);
  Result<std::unique_ptr<Attempt>> start_sub_workflow(TaskRun& task, AttemptDone on_done);
  Result<TaskRequest> make_request(const TaskRun& task) const;
  void warn_of_unresolved(const TaskRun& task, const PropertyMap& params);

  RunContext& context_;
  const Workflow& workflow_;
  const Workflow planned_;  // as the graph sees it
  const GraphOptions options_;
  Graph graph_;
  const RunParameters parameters_;
  const std::string prefix_;
  std::function<void()> on_done_;
  ProcessInstance process_;
  std::map<std::int64_t, std::unique_ptr<TaskRun>> tasks_;  // by code: those that became ready
  std::map<std::int64_t, PropertyList> received_;           // varPool each of them was given
  std::map<std::int64_t, Upstream> results_;
  PropertyList last_var_pool_;
  std::set<std::int64_t> unannounced_;
  bool stopping_ = false;
  bool failed_in_dry_run_ = false;
  boost::asio::steady_timer timeout_;
};

// A SUB_PROCESS task: runs the definition it names, which is in the same file (3.1 `SubTaskProcessor`).
//
// One attempt (task_run.h), owned by its TaskRun; one thread.
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
