#include "progress/terminal_status.h"

#include <algorithm>
#include <array>

#include "progress/status_text.h"
#include "progress/text_width.h"

namespace porpoise {
namespace {

constexpr std::array<std::string_view, 10> kSpinner{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::size_t kMaxNameColumns = 32;
constexpr std::size_t kReservedLines = 3;  // the count, the cursor's line, and one that shows there is more above

}  // namespace

void TerminalStatus::workflow_started(const RunStart& start) {
  total_ = start.tasks;
  out_.write(paint(started_text(start), Color::kBold, colors()) + "\n");
}

void TerminalStatus::task_started(const TaskAttempt& task, Elapsed at) {
  const std::string attempt = attempt_text(task);
  running_[task.instance_id] = {printable(task.name, false), at, attempt.empty() ? "" : attempt};
  erase();
  draw(at);
}

void TerminalStatus::task_line(std::int64_t instance_id, std::string_view line) {
  const auto found = running_.find(instance_id);
  if (found != running_.end()) found->second.line = printable(line, colors());  // shown by the next tick
}

void TerminalStatus::task_retry(const TaskAttempt& task, std::string_view message, Elapsed delay, Elapsed at) {
  running_.erase(task.instance_id);
  erase();
  PlainStatus::task_retry(task, message, delay, at);
  draw(at);
}

void TerminalStatus::task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) {
  running_.erase(task.instance_id);
  settled(task);
  erase();
  PlainStatus::task_finished(task, log_tail, at);
  draw(at);
}

void TerminalStatus::task_skipped(const TaskReport& task, Elapsed at) {
  settled(task);
  erase();
  PlainStatus::task_skipped(task, at);
  draw(at);
}

void TerminalStatus::note(std::string_view text, Elapsed at) {
  erase();
  PlainStatus::note(text, at);
  draw(at);
}

void TerminalStatus::workflow_finished(const RunReport& report) {
  erase();
  PlainStatus::workflow_finished(report);
}

void TerminalStatus::tick(Elapsed at) {
  ++frame_;
  erase();
  draw(at);
}

void TerminalStatus::settled(const TaskReport& task) {
  if (task.nested) return;
  ++ended_;
  if (task.failed()) ++failed_;
}

void TerminalStatus::erase() {
  if (drawn_lines_ > 0) out_.write("\x1B[" + std::to_string(drawn_lines_) + "A\r\x1B[J");
  drawn_lines_ = 0;
}

void TerminalStatus::draw(Elapsed at) {
  const std::size_t columns =
      std::max<std::size_t>(out_.columns(), 20) - 1;  // a full line would wrap on some terminals
  const std::size_t lines = std::max<std::size_t>(out_.lines(), kReservedLines + 2);
  std::string text;
  for (const auto& [id, task] : running_) {
    if (drawn_lines_ + kReservedLines >= lines) break;
    text += running_line(task, at, columns) + "\n";
    ++drawn_lines_;
  }
  text += elide(count_line(at), columns) + "\n";
  ++drawn_lines_;
  out_.write(text);
}

std::string TerminalStatus::running_line(const Running& task, Elapsed at, std::size_t columns) const {
  std::string line = paint(kSpinner.at(frame_ % kSpinner.size()), Color::kCyan, colors()) + " " +
                     paint(elide(task.name, kMaxNameColumns), Color::kBold, colors()) + "  " +
                     format_duration(at - task.since);
  if (!task.line.empty()) line += "  " + task.line;
  return elide(line, columns);
}

std::string TerminalStatus::count_line(Elapsed at) const {
  std::string line = "[" + std::to_string(ended_) + "/" + std::to_string(total_) + "] " + format_duration(at);
  if (!running_.empty()) line += ", " + std::to_string(running_.size()) + " running";
  if (failed_ > 0) line += ", " + paint(std::to_string(failed_) + " failed", Color::kRed, colors());
  return line;
}

}  // namespace porpoise
