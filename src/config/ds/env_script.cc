#include "config/ds/env_script.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <utility>

#include "base/descriptor.h"
#include "base/text.h"
#include "process/process_info.h"
#include "process/spawn.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxScriptBytes = 1U << 20U;  // of each of the three texts
constexpr std::size_t kMaxProblems = 20;
constexpr std::size_t kMaxProblemBytes = 300;

// start.sh sets these two before it sources the file, which is $0 here, so that there are no positional parameters. The
// trace names file and line of each assignment; its first character is repeated for nested calls.
constexpr const char* kSource = R"(DOLPHINSCHEDULER_HOME=${DOLPHINSCHEDULER_HOME:-$(cd "${0%/*}/.." && pwd)}
BIN_DIR=$DOLPHINSCHEDULER_HOME/bin
BASH_XTRACEFD=4
PS4=$'\1${BASH_SOURCE}\2${LINENO}\3'
set -x
. "$0"
set +x
exec /usr/bin/env -0 >&3)";

bool is_kept_back(std::string_view name) {
  for (const std::string_view prefix : {"PORPOISE_", "BASH", "LD_"})
    if (name.starts_with(prefix)) return true;
  return name == "ENV" || name == "SHELLOPTS" || name == "PS4" || name == "POSIXLY_CORRECT";
}

// That every shell sets for itself.
bool is_shells_own(std::string_view name) {
  return name == "_" || name == "SHLVL" || name == "PWD" || name == "OLDPWD" || name.starts_with("BASH_FUNC_");
}

std::string_view last_line_of(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

// What the child writes to one descriptor.
struct Stream {
  UniqueFd reader;
  std::string* text = nullptr;
  bool too_much = false;

  void read() {
    char buffer[16384];
    ssize_t count = 0;
    while ((count = ::read(reader.get(), buffer, sizeof buffer)) > 0) {
      const std::size_t room = kMaxScriptBytes - text->size();
      too_much = too_much || static_cast<std::size_t>(count) > room;
      text->append(buffer, std::min(static_cast<std::size_t>(count), room));
    }
    if (count == 0) reader.reset();
  }
};

// One bash, and the three streams that it writes; both end with it.
class BashRun {
 public:
  static Result<BashRun> start(const std::string& file, const Variables& environment) {
    BashRun run;
    UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return fail_errno("cannot open /dev/null", errno);
    SpawnSpec spec;
    spec.argv = {"/bin/bash", "--noprofile", "--norc", "-c", kSource, file};
    spec.own_group = true;
    spec.environment.emplace();
    for (const auto& [name, value] : environment)
      if (!is_kept_back(name)) spec.environment->push_back(name + "=" + value);
    spec.fds = {null.get(), null.get()};
    std::array<UniqueFd, 3> writers;
    for (std::size_t i = 0; i < writers.size(); ++i) {
      PORPOISE_TRY(Pipe pipe, make_pipe());
      ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
      run.streams_[i].reader = std::move(pipe.reader);
      writers[i] = std::move(pipe.writer);
      spec.fds.push_back(writers[i].get());
    }
    PORPOISE_TRY(run.pid_, spawn(spec));
    run.end_ = open_pidfd(run.pid_);
    return run;
  }
  BashRun(BashRun&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), end_(std::move(other.end_)), streams_(std::move(other.streams_)) {}
  BashRun& operator=(BashRun&&) = delete;
  ~BashRun() { (void)finish(); }

  // Reads until bash ends; false when it has not by then.
  bool read_until_end(BashRecord& record, Clock::time_point by) {
    streams_[0].text = &record.errors;
    streams_[1].text = &record.exports;
    streams_[2].text = &record.trace;
    while (true) {
      std::array<pollfd, 4> events{pollfd{end_.get(), POLLIN, 0}};
      for (std::size_t i = 0; i < streams_.size(); ++i) events[i + 1] = {streams_[i].reader.get(), POLLIN, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(by - Clock::now());
      if (left.count() <= 0) return false;
      ::poll(events.data(), events.size(), static_cast<int>(left.count()));
      for (Stream& stream : streams_)
        if (stream.reader) stream.read();
      if (events[0].revents != 0) return true;  // what it started may keep the streams open
    }
  }

  bool exports_too_much() const { return streams_[1].too_much; }

  // Its wait status. Whatever is left of its group is ended first: the group's number is its own until it is waited
  // for.
  int finish() {
    if (pid_ == 0) return 0;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }

 private:
  BashRun() = default;

  pid_t pid_ = 0;
  UniqueFd end_;
  std::array<Stream, 3> streams_;
};

struct Step {
  std::string_view file;
  std::string_view line;
  std::string_view command;
};

// Takes the first step off a trace; nothing when there is none.
std::optional<Step> take_step(std::string_view& trace) {
  trace.remove_prefix(std::min(trace.find('\1'), trace.size()));
  trace.remove_prefix(std::min(trace.find_first_not_of('\1'), trace.size()));
  if (trace.empty()) return std::nullopt;
  std::string_view text = trace.substr(0, trace.find('\1'));
  trace.remove_prefix(text.size());
  const std::size_t line = std::min(text.find('\2'), text.size());
  const std::size_t command = std::min(text.find('\3', line), text.size());
  Step step{text.substr(0, line), text.substr(line, command - line), text.substr(command)};
  step.line.remove_prefix(std::min<std::size_t>(1, step.line.size()));
  step.command.remove_prefix(std::min<std::size_t>(1, step.command.size()));
  while (step.command.ends_with('\n')) step.command.remove_suffix(1);
  return step;
}

std::string_view assigned_by(std::string_view command) {
  const auto* const end = std::find_if_not(command.begin(), command.end(),
                                           [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  const std::string_view name = command.substr(0, static_cast<std::size_t>(end - command.begin()));
  const std::string_view rest = command.substr(name.size());
  return rest.starts_with('=') || rest.starts_with("+=") ? name : std::string_view();
}

std::string place(std::string_view file, std::string_view line) {
  return std::string(file) + " line " + std::string(line);
}

// "FILE: line N: TEXT", as bash complains.
struct Complaint {
  std::string place;  // empty: another program's words
  std::string_view text;
};

Complaint read_complaint(std::string_view line) {
  constexpr std::string_view kMark = ": line ";
  const std::size_t mark = line.find(kMark);
  if (mark == std::string_view::npos) return {"", line};
  const std::size_t number = mark + kMark.size();
  const std::size_t end = line.find(": ", number);
  if (end == std::string_view::npos ||
      line.substr(number, end - number).find_first_not_of("0123456789") != std::string_view::npos)
    return {"", line};
  return {place(line.substr(0, mark), line.substr(number, end - number)), line.substr(end + 2)};
}

bool is_of_syntax(std::string_view text) {
  return text.starts_with("syntax error") || text.starts_with("unexpected EOF");
}

// The first part of `rest` before `end`, taken off with it.
std::string_view take_until(std::string_view& rest, char end) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

// What a trace tells.
struct Trace {
  std::map<std::string, std::string, std::less<>> assigned;  // variable -> the place of its last assignment
  std::set<std::string> sourcing;                            // places of `source FILE`
  std::vector<std::filesystem::path> sourced;
};

Trace read_trace(std::string_view name, std::string_view text) {
  Trace trace;
  std::set<std::string_view> files{"", name};  // without a name: the shell around it
  while (const auto step = take_step(text)) {
    if (step->file.empty()) continue;
    if (files.insert(step->file).second) trace.sourced.emplace_back(step->file);
    if (const std::string_view variable = assigned_by(step->command); !variable.empty())
      trace.assigned.insert_or_assign(std::string(variable), place(step->file, step->line));
    if (step->command.starts_with("source ") || step->command.starts_with(". "))
      trace.sourcing.insert(place(step->file, step->line));
  }
  return trace;
}

void read_exports(std::string_view text, const Trace& trace, const Variables& before, EnvScript& script) {
  while (!text.empty()) {
    const std::string_view entry = take_until(text, '\0');
    const std::size_t sign = entry.find('=');
    if (sign == std::string_view::npos || is_shells_own(entry.substr(0, sign))) continue;
    const std::string_view variable = entry.substr(0, sign);
    const std::string_view value = entry.substr(sign + 1);
    if (const auto old = before.find(variable); old != before.end() && old->second == value) continue;
    const auto origin = trace.assigned.find(variable);
    script.exports.push_back(
        {std::string(variable), std::string(value),
         origin != trace.assigned.end() ? origin->second : script.name + ", or a file that it sources"});
  }
}

void read_complaints(std::string_view text, const Trace& trace, EnvScript& script) {
  while (!text.empty()) {
    const auto [where, what] = read_complaint(take_until(text, '\n'));
    if (what.empty()) continue;
    const std::string problem =
        (where.empty() ? script.name : where) + ": " + std::string(cut_utf8(what, kMaxProblemBytes));
    if (script.gap.empty() && (trace.sourcing.count(where) > 0 || is_of_syntax(what))) script.gap = problem;
    if (script.problems.size() < kMaxProblems) script.problems.push_back(problem);
  }
}

}  // namespace

EnvScript read_bash_record(std::string_view name, const BashRecord& record, const Variables& before) {
  Trace trace = read_trace(name, record.trace);
  EnvScript script;
  script.name = name;
  read_exports(record.exports, trace, before, script);
  read_complaints(record.errors, trace, script);
  script.sourced = std::move(trace.sourced);
  return script;
}

Result<EnvScript> source_env_script(const fs::path& file, const Variables& environment,
                                    std::chrono::milliseconds limit) {
  // As it is given: bash says the same name in what it complains of. With a slash, as bash looks for others in PATH.
  const std::string name = (file.has_parent_path() ? file : "." / file).string();
  auto run = BashRun::start(name, environment);
  if (!run) return fail(run.error().wrap("cannot source " + name));
  BashRecord record;
  const bool in_time = run->read_until_end(record, Clock::now() + limit);
  const bool too_much = run->exports_too_much();
  const int status = run->finish();
  if (!in_time)
    return fail(ErrorCode::kTimeout, name + ": bash had not come to its end after " + std::to_string(limit.count()) +
                                         " ms: a command in it waits, or takes too long");
  if (too_much) return fail(ErrorCode::kInvalid, name + ": exports more than 1 MiB");
  const std::string_view complaint = cut_utf8(last_line_of(record.errors), kMaxProblemBytes);
  if (record.exports.empty())
    return fail(ErrorCode::kInvalid,
                name + ": it ends the shell that sources it, with status " +
                    std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)) +
                    ": an exit, or set -e and a command that failed; a stock server would not start with it, either" +
                    (complaint.empty() ? "" : "; bash says: " + std::string(complaint)));
  return read_bash_record(name, record, environment);
}

}  // namespace porpoise
