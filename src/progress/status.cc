#include "progress/status.h"

#include <ctime>

#include "base/json.h"
#include "progress/output.h"
#include "progress/text_status.h"

namespace porpoise {
namespace {

// "2026-01-31T12:00:00.123Z"
std::string iso_time(std::int64_t epoch_ms) {
  const std::time_t seconds = epoch_ms / 1000;
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &fields);
  const std::string millis = std::to_string(1000 + epoch_ms % 1000);
  return std::string(text, size) + "." + millis.substr(1) + "Z";
}

OrderedJson outputs_of(const PropertyList& var_pool) {
  OrderedJson outputs = OrderedJson::object();
  for (const Property& property : var_pool)
    if (property.direct == Direct::kOut) outputs[property.prop] = property.value;
  return outputs;
}

void add_attempt(OrderedJson& event, const TaskAttempt& task) {
  event["task"] = task.name;
  event["type"] = task.type;
  event["taskInstanceId"] = task.instance_id;
  event["attempt"] = task.attempt;
  event["maxAttempts"] = task.max_attempts;
}

void add_report(OrderedJson& event, const TaskReport& task) {
  event["task"] = task.name;
  event["type"] = task.type;
  event["taskInstanceId"] = task.instance_id;
  event["state"] = to_string(task.state);
  event["message"] = task.message;
  if (task.instance_id == 0) return;
  event["exitCode"] = task.exit_code;
  event["attempts"] = task.attempts;
  event["waitMillis"] = task.wait.count();
  event["runMillis"] = task.run.count();
  event["outputs"] = outputs_of(task.var_pool);
  if (!task.leads_to.empty()) event["leadsTo"] = task.leads_to;
  event["log"] = task.log.string();
}

// Events as JSON, one object per line, for programs; README.md describes the fields.
class JsonStatus final : public StatusPrinter {
 public:
  explicit JsonStatus(Output& out) : out_(out) {}

  void workflow_started(const RunStart& start) override;
  void task_started(const TaskAttempt& task, Elapsed at) override;
  void task_retry(const TaskAttempt& task, std::string_view message, Elapsed delay, Elapsed at) override;
  void task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) override;
  void task_skipped(const TaskReport& task, Elapsed at) override;
  void note(std::string_view text, Elapsed at) override;
  void workflow_finished(const RunReport& report) override;

 private:
  OrderedJson event(std::string_view name, Elapsed at) const;
  void print(const OrderedJson& event);

  Output& out_;
  std::int64_t start_time_ms_ = 0;
};

OrderedJson JsonStatus::event(std::string_view name, Elapsed at) const {
  OrderedJson event;
  event["event"] = name;
  event["time"] = iso_time(start_time_ms_ + at.count());
  event["elapsedMillis"] = at.count();
  return event;
}

void JsonStatus::print(const OrderedJson& event) { out_.write(dump_json(event) + "\n"); }

void JsonStatus::workflow_started(const RunStart& start) {
  start_time_ms_ = start.start_time_ms;
  OrderedJson started = event("workflow_started", Elapsed(0));
  started["workflow"] = start.workflow;
  started["tasks"] = start.tasks;
  started["dryRun"] = start.dry_run;
  if (!start.dry_run) started["runDirectory"] = start.run_directory.string();
  print(started);
}

void JsonStatus::task_started(const TaskAttempt& task, Elapsed at) {
  OrderedJson started = event("task_started", at);
  add_attempt(started, task);
  started["log"] = task.log.string();
  print(started);
}

void JsonStatus::task_retry(const TaskAttempt& task, std::string_view message, Elapsed delay, Elapsed at) {
  OrderedJson retry = event("task_retry", at);
  add_attempt(retry, task);
  retry["message"] = message;
  retry["delayMillis"] = delay.count();
  print(retry);
}

void JsonStatus::task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) {
  OrderedJson finished = event("task_finished", at);
  add_report(finished, task);
  if (!log_tail.empty()) finished["logTail"] = log_tail;
  print(finished);
}

void JsonStatus::task_skipped(const TaskReport& task, Elapsed at) {
  OrderedJson skipped = event("task_skipped", at);
  add_report(skipped, task);
  print(skipped);
}

void JsonStatus::note(std::string_view text, Elapsed at) {
  OrderedJson note = event("note", at);
  note["text"] = text;
  print(note);
}

void JsonStatus::workflow_finished(const RunReport& report) {
  OrderedJson finished = event("workflow_finished", report.duration);
  finished["workflow"] = report.workflow;
  finished["state"] = to_string(report.state);
  finished["interrupted"] = report.interrupted;
  finished["dryRun"] = report.dry_run;
  if (!report.dry_run) finished["runDirectory"] = report.run_directory.string();
  OrderedJson tasks = OrderedJson::array();
  for (const TaskReport& task : report.tasks) {
    OrderedJson entry;
    add_report(entry, task);
    tasks.push_back(std::move(entry));
  }
  finished["tasks"] = std::move(tasks);
  print(finished);
}

}  // namespace

std::unique_ptr<StatusPrinter> make_status_printer(StatusFormat format, Output& out) {
  switch (format) {
    case StatusFormat::kTerminal: return std::make_unique<TerminalStatus>(out);
    case StatusFormat::kPlain: return std::make_unique<PlainStatus>(out);
    case StatusFormat::kJson: return std::make_unique<JsonStatus>(out);
    case StatusFormat::kQuiet: return std::make_unique<QuietStatus>(out);
  }
  return std::make_unique<PlainStatus>(out);
}

}  // namespace porpoise
