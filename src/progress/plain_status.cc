#include "progress/plain_status.h"

#include "progress/status_text.h"
#include "progress/text_width.h"

namespace porpoise {

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
  out_.write(excerpt(log_tail, colors()));
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

}  // namespace porpoise
