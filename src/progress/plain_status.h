// One line per event, for pipes and log files; nothing moves. See status.h.
#pragma once

#include "progress/output.h"
#include "progress/status.h"

namespace porpoise {

class PlainStatus : public StatusPrinter {
 public:
  explicit PlainStatus(Output& out) : out_(out) {}

  void workflow_started(const RunStart& start) override;
  void task_started(const TaskAttempt& task, Elapsed at) override;
  void task_retry(const TaskAttempt& task, std::string_view message, Elapsed delay, Elapsed at) override;
  void task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) override;
  void task_skipped(const TaskReport& task, Elapsed at) override;
  void note(std::string_view text, Elapsed at) override;
  void workflow_finished(const RunReport& report) override;

 protected:
  // What a subclass puts around lines that scroll.
  virtual void print(Elapsed at, std::string_view subject, std::string_view text);
  bool colors() const { return out_.traits().colors; }

  Output& out_;
};

// Says nothing until the end: then the table, and the failures as they come.
class QuietStatus final : public PlainStatus {
 public:
  using PlainStatus::PlainStatus;

  void workflow_started(const RunStart& /*start*/) override {}
  void task_started(const TaskAttempt& /*task*/, Elapsed /*at*/) override {}
  void task_retry(const TaskAttempt& /*task*/, std::string_view, Elapsed /*delay*/, Elapsed /*at*/) override {}
  void task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) override;
  void task_skipped(const TaskReport& /*task*/, Elapsed /*at*/) override {}
  void note(std::string_view /*text*/, Elapsed /*at*/) override {}
};

}  // namespace porpoise
