#include "progress/status_text.h"

#include "progress/text_width.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxMessageColumns = 60;  // all of it is in the task's own line
constexpr std::size_t kMaxValueColumns = 40;    // of one output in the table; the summary file has all of it

std::string run_state_text(const RunReport& report) {
  if (report.interrupted) return "interrupted";
  return std::string(to_string(report.state));
}

Table::Cell message_or_outputs(const TaskReport& task) {
  const std::string outputs = outputs_text(task.var_pool);
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
  return (start.dry_run ? "dry run of workflow " : "workflow ") + start.workflow + ": " + std::to_string(start.tasks) +
         (start.tasks == 1 ? " task" : " tasks") + ", logs in " + start.run_directory.string();
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
  if (!task.message.empty()) text += ": " + printable(task.message, false);
  return text;
}

std::string excerpt(const std::vector<std::string>& lines, bool colors) {
  std::string text;
  for (const std::string& line : lines) text += paint("  | ", Color::kDim, colors) + printable(line, colors) + "\n";
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
  Table table({{"task"}, {"type"}, {"state"}, {"wait", true}, {"run", true}, {"attempts", true}, {"outputs"}});
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
  return table.render(width, colors) + "\nworkflow " + printable(report.workflow, false) + ": " +
         paint(run_state_text(report), color, colors) + " in " + format_duration(report.duration) +
         "\nlogs: " + report.run_directory.string() + "\n";
}

}  // namespace porpoise
