// The state machine of one run of one workflow: which tasks may start when another ends, and what became of each.
//
// Pure: no IO, no clock. Owned by the runner and used on its thread only. Given the same outcomes in the same order it
// always answers the same; every task becomes ready at most once, and only after everything upstream of it is settled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/request.h"
#include "workflow/workflow.h"

namespace porpoise {

enum class NodeState {
  kWaiting,  // for upstream tasks
  kReady,    // may start
  kRunning,  // started() was called
  kSuccess,
  kFailure,
  kKill,
  kSkipped,    // on a branch that was not chosen
  kForbidden,  // flag NO: passed through
  kNotRun,     // upstream failed, the run ended early, or not part of this run
};
std::string_view to_string(NodeState state);  // "WAITING", …, "NOT RUN"

struct NodeStatus {
  NodeState state = NodeState::kWaiting;
  std::string reason;  // in words for kSkipped, kForbidden and kNotRun: "upstream 'a' failed"; else empty
};

// How a task ended, after its last attempt. `branch` is what a SWITCH chose.
struct Outcome {
  TaskState state = TaskState::kFailure;
  std::optional<Branch> branch;
};

enum class RunState { kRunning, kSuccess, kFailure, kStop };
std::string_view to_string(RunState state);  // names of 3.1 `WorkflowExecutionStatus`: "RUNNING_EXECUTION", …

struct GraphOptions {
  FailureStrategy failure_strategy = FailureStrategy::kContinue;  // what the DolphinScheduler UI starts runs with
  std::optional<std::set<std::int64_t>> only;  // run these tasks alone; relations to others do not count
  std::set<std::int64_t> skip;                 // treated as flag NO
};

class Graph {
 public:
  // `workflow` must be sound (see workflow.h) and outlive the graph.
  Graph(const Workflow& workflow, const GraphOptions& options);
  Graph(Workflow&& workflow, const GraphOptions& options) = delete;

  // The tasks that became ready, by priority and then by their order in the file. CONDITIONS tasks are among them: the
  // runner merges their varPool as for any task, asks decide() and reports it with finished(). A runner that reports a
  // task which is not ready or running is ignored.
  std::vector<std::int64_t> start();
  std::vector<std::int64_t> finished(std::int64_t code, const Outcome& outcome);

  // Ready tasks that have not been started, next one first.
  const std::vector<std::int64_t>& ready() const { return ready_; }
  void started(std::int64_t code);

  // The outcome of a CONDITIONS task that is ready or running; `explanation` goes to its log.
  Outcome decide(std::int64_t code, std::string* explanation = nullptr) const;

  // Whether attempt `attempt` (1-based) that ended so is to be followed by another: failures only, as 3.1
  // `TaskInstance.taskCanRetry`, and not when the run is ending.
  bool may_retry(std::int64_t code, TaskState state, int attempt) const;

  // Ends the run early (interrupt, time out): what is not running will not run, for `reason`. Running tasks are the
  // runner's to kill and report.
  void stop(const std::string& reason);

  // Nothing further starts: stop() was called, or a task failed under FailureStrategy::kEnd, where 3.1
  // `WorkflowExecuteRunnable` kills the running tasks too.
  bool ending() const { return !end_reason_.empty(); }

  bool done() const;                                  // every task has its final state
  RunState state() const;                             // kRunning until done()
  const NodeStatus& status(std::int64_t code) const;  // of a code of the workflow
  std::vector<std::int64_t> running() const;
  // Direct upstream tasks in this run that have a result, in the order they ended: their varPools are merged. A
  // forbidden task hands nothing over, as in 3.1.
  std::vector<std::int64_t> var_pool_sources(std::int64_t code) const;

 private:
  // What a settled task means to one that comes after it.
  enum class Signal { kPass, kChosen, kNotChosen, kSkipped, kFailed, kBlocked };
  struct Node {
    const TaskDefinition* task = nullptr;
    bool forbidden = false;
    std::vector<std::size_t> pre, post;
    std::size_t unsettled_pre = 0;
    std::size_t ended = 0;  // its rank among the tasks that ended, from 1
    NodeStatus status;
    Signal told = Signal::kBlocked;           // to every task after it but those in `branches`
    std::map<std::int64_t, Signal> branches;  // by code: what a SWITCH or CONDITIONS decided
    std::size_t cause = 0;                    // of a forbidden task: the task whose signal it passes on
  };
  struct Obstacle {
    Signal signal;
    std::size_t cause;
  };

  void connect();
  Node* active(std::int64_t code);
  void choose(Node& node, const Outcome& outcome);
  Signal signal(std::size_t from, std::size_t to) const;
  std::vector<std::size_t> release(std::size_t index);
  std::vector<std::int64_t> settle(std::vector<std::size_t> open);
  void classify_outcome(std::size_t index);
  std::optional<std::string> why_skipped(std::size_t index) const;
  std::optional<Obstacle> held_back_by(std::size_t index) const;
  std::string why_held_back(std::size_t cause) const;
  bool reaches(std::size_t from, std::size_t to) const;
  void end(const std::string& reason);
  bool fails_run(const Node& node) const;
  bool handled(const Node& failed) const;
  bool runs_before(std::int64_t left, std::int64_t right) const;

  const Workflow& workflow_;
  FailureStrategy failure_strategy_;
  std::vector<Node> nodes_;  // in the order of the workflow's tasks
  std::map<std::int64_t, std::size_t> index_;
  std::vector<std::int64_t> ready_;
  std::size_t open_ = 0;   // nodes without a final state
  std::size_t ended_ = 0;  // tasks that ended so far
  std::string end_reason_;
  bool stopped_ = false;
};

}  // namespace porpoise
