// Events as JSON, one object per line, for programs; fields are described in README.md. See status.h.
//
// Made by make_status_printer and owned by the replay command; called on the runner's thread.
#pragma once

#include "base/json.h"
#include "progress/output.h"
#include "progress/status.h"

namespace porpoise {

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

}  // namespace porpoise
