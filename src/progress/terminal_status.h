// The screen of an interactive run: lines of ended tasks scroll up, below them one line per running task and a count.
//
// See status.h. The live lines are erased and drawn again as a whole, in one write, so that nothing flickers.
#pragma once

#include <map>
#include <string>

#include "progress/plain_status.h"

namespace porpoise {

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
