#include "replay/runner.h"

#include <utility>
#include "base/clock.h"

namespace porpoise {
namespace {

constexpr std::chrono::milliseconds kTick{100};

}  // namespace

Runner::Runner(boost::asio::io_context& io, const RunSettings& settings, const RunDirectory& directory,
               StatusPrinter& status, HostStarter start_host)
    : context_{.io = io,
               .settings = settings,
               .directory = directory,
               .status = status,
               .start_host = std::move(start_host),
               .slots = Slots(settings.parallel),
               .started_at = std::chrono::steady_clock::now()},
      ticker_(io) {}

void Runner::start(const Workflow& workflow, GraphOptions options, RunParameters parameters,
                   std::function<void(const RunReport&)> on_done) {
  on_done_ = std::move(on_done);
  workflow_name_ = workflow.name;
  context_.started_at = std::chrono::steady_clock::now();
  const std::size_t tasks = options.only ? options.only->size() : workflow.tasks.size();
  run_ = std::make_unique<WorkflowRun>(context_, workflow, std::move(options), std::move(parameters), "",
                                       [this] { ended(); });
  context_.status.workflow_started(
      {workflow.name, tasks, context_.directory.root(), wall_ms(), context_.settings.dry_run});
  if (context_.status.animated()) tick();
  run_->begin();
}

void Runner::interrupt() {
  if (run_ == nullptr || run_->done()) return;
  ++interrupts_;
  context_.status.note(interrupts_ == 1 ? "interrupted: stopping all tasks; once more kills them" : "killing all tasks",
                       context_.elapsed());
  run_->stop("interrupted", interrupts_ > 1);
}

void Runner::tick() {
  context_.status.tick(context_.elapsed());
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error && on_done_) tick();
  });
}

void Runner::ended() {
  ticker_.cancel();
  RunReport report;
  report.workflow = workflow_name_;
  report.state = run_->state();
  report.interrupted = interrupts_ > 0;
  report.dry_run = context_.settings.dry_run;
  report.duration = context_.elapsed();
  report.run_directory = context_.directory.root();
  run_->collect(report.tasks);
  context_.status.workflow_finished(report);
  std::exchange(on_done_, nullptr)(report);
}

OrderedJson to_summary(const RunReport& report) {
  OrderedJson tasks = OrderedJson::object();
  for (const TaskReport& task : report.tasks) {
    if (task.instance_id == 0 || task.nested) continue;
    tasks[task.name] = {{"state", to_string(task.state)}, {"varPool", to_json(task.var_pool)}};
  }
  OrderedJson summary;
  summary["workflow"] = report.workflow;
  summary["state"] = to_string(report.state);
  if (report.dry_run) summary["dryRun"] = true;
  summary["tasks"] = std::move(tasks);
  return summary;
}

}  // namespace porpoise
