// A run in text for people: one line per event for pipes, the moving picture of a terminal, or silence until the end.
//
// Made by make_status_printer (status.h) and owned by the replay command; called on the runner's thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "progress/output.h"
#include "progress/status.h"

namespace porpoise {

// The texts that several status printers share. Pure.
Color color_of(NodeState state);
std::string colored_state(NodeState state, bool colors);

// "3 of 11 tasks ended": what counts is the top level of the workflow.
std::string started_text(const RunStart& start);
std::string attempt_text(const TaskAttempt& task);  // "", or "attempt 2 of 3"
std::string retry_text(const TaskAttempt& task, std::string_view message, StatusPrinter::Elapsed delay);
std::string outcome_text(const TaskReport& task,
                         bool colors);  // "SUCCESS in 1.2s", "FAILURE in 3.0s after 2 attempts: …"

// The tail of a log (or the plan of a dry run), indented, harmless for terminals; empty for no lines. A line of some
// thousand bytes is cut where `log` is given, and says how much is missing and that it is there.
std::string excerpt(const std::vector<std::string>& lines, const std::filesystem::path& log, bool colors);

// Where a SWITCH or CONDITIONS task went: "→ deploy sql, report", or empty.
std::string branch_text(const TaskReport& task);

// OUT parameters as "auc=0.93 tag=v2".
std::string outputs_text(const PropertyList& var_pool);

// The table of all tasks, then one line with the state and one with the run directory.
std::string final_table(const RunReport& report, std::size_t width, bool colors);

// One line per event, for pipes and log files; nothing moves. See status.h.
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

// The screen of an interactive run: lines of ended tasks scroll up, below them one line per running task and a count.
//
// See status.h. The live lines are erased and drawn again as a whole, in one write, so that nothing flickers.
class TerminalStatus final : public PlainStatus {
 public:
  using PlainStatus::PlainStatus;

  void workflow_started(const RunStart& start) override;
  void task_started(const TaskAttempt& task, Elapsed at) override;
  void task_line(std::int64_t instance_id, std::string_view line) override;
  void task_retry(const TaskAttempt& task, std::string_view message, Elapsed delay, Elapsed at) override;
  void task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) override;
  void task_skipped(const TaskReport& task, Elapsed at) override;
  void note(std::string_view text, Elapsed at) override;
  void workflow_finished(const RunReport& report) override;
  void tick(Elapsed at) override;
  bool animated() const override { return true; }

 private:
  struct Running {
    std::string name;
    Elapsed since{0};
    std::string line;  // newest of its log
  };

  void settled(const TaskReport& task);
  void erase();
  void draw(Elapsed at);
  std::string running_line(const Running& task, Elapsed at, std::size_t columns) const;
  std::string count_line(Elapsed at) const;

  std::map<std::int64_t, Running> running_;  // by instance id: in the order they started
  std::size_t total_ = 0;
  std::size_t ended_ = 0;
  std::size_t failed_ = 0;
  std::size_t drawn_lines_ = 0;
  unsigned frame_ = 0;
};

}  // namespace porpoise
