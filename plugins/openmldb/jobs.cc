#include "openmldb/jobs.h"

#include <algorithm>
#include <charconv>

#include "openmldb/sql_lexer.h"

namespace porpoise::openmldb {
namespace {

// Both layouts of SHOW JOBS begin with the same 9 columns.
constexpr std::size_t kOldWidth = 9;
enum Column : std::size_t { kId = 0, kType = 1, kState = 2, kParameter = 5, kError = 8 };

constexpr std::size_t kTailLines = 40;
constexpr std::size_t kTailBytes = std::size_t{8} << 10U;
constexpr std::size_t kReasonChars = 500;

std::optional<std::int64_t> to_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<Job> read_job(const std::vector<Cell>& row) {
  const auto id = row.size() < kOldWidth ? std::nullopt : to_id(row[kId].value_or(""));
  if (!id) return std::nullopt;
  return Job{*id, row[kType].value_or(""), row[kState].value_or(""), row[kParameter].value_or(""),
             row[kError].value_or("")};
}

struct Span {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// The runs of dashes in a rule line, which are as wide as the columns; empty when the line is no rule.
std::vector<Span> rule_columns(std::string_view line) {
  if (line.find_first_not_of(" -+\r") != std::string_view::npos) return {};
  std::vector<Span> columns;
  for (std::size_t at = line.find('-'); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_not_of('-', at), line.size());
    columns.push_back({at, end - at});
    at = line.find('-', end);
  }
  return columns;
}

std::vector<Cell> cut_row(std::string_view line, const std::vector<Span>& columns) {
  std::vector<Cell> row;
  for (const Span& column : columns) {
    std::string_view cell = line.substr(std::min(column.begin, line.size()), column.size);
    const std::size_t begin = std::min(cell.find_first_not_of(" |"), cell.size());
    cell = cell.substr(begin, cell.find_last_not_of(" |\r") + 1 - begin);
    row.emplace_back(std::string(cell));
  }
  return row;
}

std::vector<Job> read_text_table(std::string_view text) {
  std::vector<Job> jobs;
  std::vector<Span> columns;
  for (const std::string_view line : lines_of(text)) {
    if (std::vector<Span> rule = rule_columns(line); !rule.empty()) {
      columns = std::move(rule);
    } else if (const auto job = read_job(cut_row(line, columns))) {
      jobs.push_back(*job);
    }
  }
  return jobs;
}

std::string_view job_type(StatementKind kind, Mode mode) {
  switch (kind) {
    case StatementKind::kLoadData: return mode == Mode::kOffline ? "importofflinedata" : "importonlinedata";
    case StatementKind::kSelectInto: return "exportofflinedata";
    case StatementKind::kSelect: return "runbatch";  // RunBatchSql, RunBatchAndShow
    case StatementKind::kInsert: return "insertofflinedata";
    default: return "?";
  }
}

// Whether the job's parameter is this SQL, apart from blanks and a closing ';'.
bool shows_sql(const Job& job, const Statement& statement) {
  const auto plain = [](std::string_view sql) {
    std::string line = headline(sql, sql.size());
    while (!line.empty() && (line.back() == ';' || line.back() == ' ')) line.pop_back();
    return line;
  };
  return plain(job.parameter) == plain(statement.text);
}

bool is_path(std::string_view parameter) {
  return !parameter.empty() && parameter.find_first_of(" \n\t") == std::string_view::npos;
}

}  // namespace

bool Job::is_final() const {
  const std::string lower = to_lower(state);
  return lower == "finished" || lower == "failed" || lower == "killed" || lower == "lost" || lower == "stopped";
}

bool Job::is_finished() const { return to_lower(state) == "finished"; }

bool Job::may_be_of(const Statement& statement, Mode mode) const {
  return to_lower(type).rfind(job_type(statement.kind, mode), 0) == 0;
}

std::string Job::describe() const { return "job " + std::to_string(id) + (type.empty() ? "" : " (" + type + ")"); }

std::vector<Job> read_jobs(const Table& table) {
  std::vector<Job> jobs;
  for (const std::vector<Cell>& row : table.rows) {
    if (row.size() == 1) {
      const std::vector<Job> inner = read_text_table(row.front().value_or(""));
      jobs.insert(jobs.end(), inner.begin(), inner.end());
    } else if (auto job = read_job(row)) {
      jobs.push_back(std::move(*job));
    }
  }
  return jobs;
}

std::optional<std::int64_t> read_background_id(const Table& table) {
  if (table.rows.size() != 1 || table.rows.front().size() != 1) return std::nullopt;
  return to_id(table.rows.front().front().value_or(""));
}

std::optional<std::int64_t> job_in_message(std::string_view message) {
  const std::string lower = to_lower(message);
  for (std::size_t at = lower.find("job "); at != std::string::npos; at = lower.find("job ", at + 1)) {
    const std::string_view rest = std::string_view(message).substr(at + 4);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (const auto id = to_id(rest.substr(0, digits))) return id;
  }
  return std::nullopt;
}

std::vector<Job> find_started(const std::vector<Job>& jobs, std::int64_t last_id, const Statement& statement,
                              Mode mode) {
  std::vector<Job> certain, possible;
  for (const Job& job : jobs) {
    if (job.id <= last_id || !job.may_be_of(statement, mode)) continue;
    if (shows_sql(job, statement)) certain.push_back(job);
    if (is_path(job.parameter)) possible.push_back(job);
  }
  return certain.empty() ? possible : certain;
}

std::string log_tail(std::string_view joblog) {
  if (joblog.size() > kTailBytes) joblog.remove_prefix(joblog.size() - kTailBytes);
  while (!joblog.empty() && (joblog.back() == '\n' || joblog.back() == ' ' || joblog.back() == '\r'))
    joblog.remove_suffix(1);
  std::size_t at = joblog.size();
  for (std::size_t lines = 0; lines < kTailLines && at != std::string_view::npos; ++lines)
    at = at == 0 ? std::string_view::npos : joblog.rfind('\n', at - 1);
  return std::string(at == std::string_view::npos ? joblog : joblog.substr(at + 1));
}

std::string log_reason(std::string_view joblog) {
  std::string_view caused, failed;
  for (const std::string_view line : lines_of(joblog)) {
    if (line.find("Caused by") != std::string_view::npos) caused = line;
    if (line.find("Exception") != std::string_view::npos || line.find("Error:") != std::string_view::npos)
      failed = line;
  }
  return headline(caused.empty() ? failed : caused, kReasonChars);
}

}  // namespace porpoise::openmldb
