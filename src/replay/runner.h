// Runs a workflow on this machine: the executor and the plugins of the worker, with this process as the master.
//
// Owned by the replay command. Everything happens on the one thread that runs `io`. Destroying a Runner whose run is
// not over ends every task hard.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "base/json.h"
#include "progress/status.h"
#include "replay/task_run.h"
#include "replay/workflow_run.h"
#include "workflow/graph.h"
#include "workflow/workflow.h"

namespace porpoise {

class Runner {
 public:
  // All references must outlive the runner.
  Runner(boost::asio::io_context& io, const RunSettings& settings, const RunDirectory& directory, StatusPrinter& status,
         HostStarter start_host);

  // `workflow` is one of the settings'. `on_done` is called once, when nothing of the run lives any more.
  void start(const Workflow& workflow, GraphOptions options, RunParameters parameters,
             std::function<void(const RunReport&)> on_done);

  // The first time tasks get their grace period; the second time nothing does.
  void interrupt();

 private:
  void tick();
  void ended();

  RunContext context_;
  boost::asio::steady_timer ticker_;
  std::unique_ptr<WorkflowRun> run_;
  std::string workflow_name_;
  std::function<void(const RunReport&)> on_done_;
  int interrupts_ = 0;
};

// The result of a run as JSON, for tests and scripts: workflow, state, and of every task that had an instance its state
// and varPool. Pure.

// {"workflow":…,"state":"SUCCESS","tasks":{"a":{"state":"SUCCESS","varPool":[…]}}}
OrderedJson to_summary(const RunReport& report);

}  // namespace porpoise
