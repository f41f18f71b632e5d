#include "progress/text_status.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "progress/output.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxMessageColumns = 60;  // all of it is in the task's own line
constexpr std::size_t kMaxLineBytes = 1000;     // of a line of a log
constexpr std::size_t kMaxValueColumns = 40;    // of one output in the table; the summary file has all of it

std::string run_state_text(const RunReport& report) {
  if (report.interrupted) return "interrupted";
  return std::string(to_string(report.state));
}

// People take 1 for a fault of the program: it says how the workflow ended, which a failed task alone does not decide.
std::string exit_text(const RunReport& report) {
  if (report.interrupted) return "";
  if (report.state != RunState::kSuccess)
    return report.dry_run ? "; exit status 1: a run would fail" : "; exit status 1: the workflow failed";
  const bool failed = std::any_of(report.tasks.begin(), report.tasks.end(),
                                  [](const TaskReport& task) { return !task.nested && task.failed(); });
  return failed ? "; exit status 0: the workflow provides for what failed" : "";
}

Table::Cell message_or_outputs(const TaskReport& task) {
  const std::string branch = branch_text(task);
  std::string outputs = outputs_text(task.var_pool);
  if (!branch.empty()) outputs = branch + (outputs.empty() ? "" : " · ") + outputs;
  if (task.message.empty()) return {outputs, Color::kNone};
  const std::string message = elide(printable(task.message, false), kMaxMessageColumns);
  return {outputs.empty() ? message : outputs + " · " + message, Color::kDim};
}

}  // namespace

Color color_of(NodeState state) {
  switch (state) {
    case NodeState::kSuccess: return Color::kGreen;
    case NodeState::kFailure:
    case NodeState::kKill: return Color::kRed;
    case NodeState::kSkipped:
    case NodeState::kForbidden: return Color::kDim;
    default: return Color::kYellow;
  }
}

std::string colored_state(NodeState state, bool colors) { return paint(to_string(state), color_of(state), colors); }

std::string started_text(const RunStart& start) {
  return (start.dry_run ? "dry run of workflow " : "workflow ") + printable(start.workflow, false) + ": " +
         std::to_string(start.tasks) + (start.tasks == 1 ? " task" : " tasks") +
         (start.dry_run ? "" : ", logs in " + start.run_directory.string());
}

std::string attempt_text(const TaskAttempt& task) {
  if (task.max_attempts <= 1) return "";
  return "attempt " + std::to_string(task.attempt) + " of " + std::to_string(task.max_attempts);
}

std::string retry_text(const TaskAttempt& task, std::string_view message, StatusPrinter::Elapsed delay) {
  std::string text = attempt_text(task) + " failed";
  if (!message.empty()) text += ": " + printable(message, false);
  return text + "; again in " + format_duration(delay);
}

std::string outcome_text(const TaskReport& task, bool colors) {
  std::string text = colored_state(task.state, colors) + " in " + format_duration(task.run);
  if (task.attempts > 1) text += " after " + std::to_string(task.attempts) + " attempts";
  if (!task.leads_to.empty()) text += " " + branch_text(task);
  if (!task.message.empty()) text += ": " + printable(task.message, false);
  return text;
}

std::string branch_text(const TaskReport& task) {
  std::string text;
  for (const std::string& name : task.leads_to) text += (text.empty() ? "→ " : ", ") + printable(name, false);
  return text;
}

std::string excerpt(const std::vector<std::string>& lines, const std::filesystem::path& log, bool colors) {
  std::string text;
  for (const std::string& line : lines) {
    const std::string_view shown = log.empty() ? std::string_view(line) : cut_utf8(line, kMaxLineBytes);
    text += paint("  | ", Color::kDim, colors) + printable(shown, colors);
    // The cut may have taken the end of a colour.
    if (shown.size() < line.size())
      text += (colors ? "\x1B[0m" : "") +
              ("… (" + std::to_string(line.size() - shown.size()) + " bytes more in " + log.string() + ")");
    text += "\n";
  }
  return text;
}

std::string outputs_text(const PropertyList& var_pool) {
  std::string text;
  for (const Property& property : var_pool) {
    if (property.direct != Direct::kOut) continue;
    if (!text.empty()) text += ' ';
    text += printable(property.prop, false) + "=" + elide(printable(property.value, false), kMaxValueColumns);
  }
  return text;
}

std::string final_table(const RunReport& report, std::size_t width, bool colors) {
  Table table({{"task"},
               {"type"},
               {report.dry_run ? "dry run" : "state"},
               {"wait", true},
               {"run", true},
               {"attempts", true},
               {"outputs"}});
  for (const TaskReport& task : report.tasks) {
    const bool ran = task.instance_id != 0;
    table.add_row({{printable(task.name, false)},
                   {task.type},
                   {std::string(to_string(task.state)), color_of(task.state)},
                   {ran ? format_duration(task.wait) : "-"},
                   {ran ? format_duration(task.run) : "-"},
                   {ran ? std::to_string(task.attempts) : "-"},
                   message_or_outputs(task)});
  }
  const Color color = report.state == RunState::kSuccess ? Color::kGreen : Color::kRed;
  return table.render(width, colors) + "\n" + (report.dry_run ? "dry run of workflow " : "workflow ") +
         printable(report.workflow, false) + ": " + paint(run_state_text(report), color, colors) + " in " +
         format_duration(report.duration) + exit_text(report) +
         (report.dry_run ? "; nothing was run\n" : "\nlogs: " + report.run_directory.string() + "\n");
}

void PlainStatus::print(Elapsed at, std::string_view subject, std::string_view text) {
  const std::string time = format_duration(at);
  std::string line = "[" + std::string(time.size() < 6 ? 6 - time.size() : 0, ' ') + time + "] ";
  if (!subject.empty()) line += paint(printable(subject, false), Color::kBold, colors()) + ": ";
  out_.write(line.append(text) + "\n");
}

void PlainStatus::workflow_started(const RunStart& start) { print(Elapsed(0), "", started_text(start)); }

void PlainStatus::task_started(const TaskAttempt& task, Elapsed at) {
  const std::string attempt = attempt_text(task);
  print(at, task.name, "started (" + task.type + (attempt.empty() ? "" : ", " + attempt) + ")");
}

void PlainStatus::task_retry(const TaskAttempt& task, std::string_view message, Elapsed delay, Elapsed at) {
  print(at, task.name, retry_text(task, message, delay));
}

void PlainStatus::task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) {
  print(at, task.name, outcome_text(task, colors()));
  out_.write(excerpt(log_tail, task.failed() ? task.log : std::filesystem::path(), colors()));
}

void PlainStatus::task_skipped(const TaskReport& task, Elapsed at) {
  print(at, task.name,
        colored_state(task.state, colors()) + (task.message.empty() ? "" : ": " + printable(task.message, false)));
}

void PlainStatus::note(std::string_view text, Elapsed at) { print(at, "", printable(text, false)); }

void PlainStatus::workflow_finished(const RunReport& report) {
  out_.write("\n" + final_table(report, out_.columns(), colors()));
}

void QuietStatus::task_finished(const TaskReport& task, const std::vector<std::string>& log_tail, Elapsed at) {
  if (task.failed()) PlainStatus::task_finished(task, log_tail, at);
}

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
