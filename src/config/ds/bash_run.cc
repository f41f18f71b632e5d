#include "config/ds/env_script.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "process/kill_tree.h"
#include "process/process_info.h"
#include "process/spawn.h"

namespace porpoise {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxStreamBytes = 1U << 20U;
constexpr std::chrono::milliseconds kEndLimit{5000};  // of SIGKILL

// start.sh sets the first two before it sources the file, which is $0 here, so that there are no positional parameters.
// The streams move to numbers that scripts do not use. The trace names file, line, folder and depth of subshells of
// each step; its first character is repeated for nested calls. The first export says that the end was reached, and
// which flags hold there.
constexpr const char* kSource = R"(DOLPHINSCHEDULER_HOME=${DOLPHINSCHEDULER_HOME:-$(cd -- "${0%/*}/.." && pwd)}
BIN_DIR=$DOLPHINSCHEDULER_HOME/bin
exec {porpoise_exports}>&3 {BASH_XTRACEFD}>&4 3>&- 4>&-
PS4=$'\1${BASH_SOURCE-}\2${LINENO-}\3${PWD-}\4${BASH_SUBSHELL-}\5'
set -x
. "$0"
{ porpoise_flags=$-; set +xuev; } 2>/dev/null
builtin printf 'PORPOISE_END=%s\0' "$porpoise_flags" >&"$porpoise_exports"
exec /usr/bin/env -0 >&"$porpoise_exports")";
constexpr std::string_view kEnd = "PORPOISE_END=";

bool is_kept_back(std::string_view name) {
  for (const std::string_view prefix : {"PORPOISE_", "BASH", "LD_", "LC_"})
    if (name.starts_with(prefix)) return true;
  return name == "ENV" || name == "SHELLOPTS" || name == "PS4" || name == "POSIXLY_CORRECT" || name == "LANGUAGE";
}

std::vector<std::string> environment_for(const Variables& environment) {
  std::vector<std::string> entries{"LC_ALL=C"};
  for (const auto& [name, value] : environment)
    if (!is_kept_back(name)) entries.push_back(name + "=" + value);
  return entries;
}

// What the child writes to one descriptor.
struct Stream {
  UniqueFd reader;
  std::string text;
  bool too_much = false;

  void read() {
    char buffer[16384];
    ssize_t count = 0;
    while ((count = ::read(reader.get(), buffer, sizeof buffer)) > 0) {
      const std::size_t room = kMaxStreamBytes - text.size();
      too_much = too_much || static_cast<std::size_t>(count) > room;
      text.append(buffer, std::min(static_cast<std::size_t>(count), room));
    }
    if (count == 0) reader.reset();
  }
};

// One bash, and the three streams that it writes; both end with it.
class BashRun {
 public:
  static Result<BashRun> start(const std::string& file, const Variables& environment) {
    BashRun run;
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return fail_errno("cannot open /dev/null", errno);
    SpawnSpec spec;
    spec.argv = {"/bin/bash", "--noprofile", "--norc", "-c", kSource, file};
    spec.own_group = true;
    spec.die_with_thread = true;
    spec.environment = environment_for(environment);
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
  bool read_until_end(Clock::time_point by) {
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

  Stream& errors() { return streams_[0]; }
  Stream& exports() { return streams_[1]; }
  Stream& trace() { return streams_[2]; }

  // Its wait status; -1 for one that not even SIGKILL ends. What is left below it, or of its group, is ended first: the
  // numbers are their own until it is waited for.
  int finish() {
    if (pid_ == 0) return 0;
    const pid_t pid = std::exchange(pid_, 0);
    (void)kill_descendants(pid);
    ::kill(-pid, SIGKILL);
    signal_pidfd(end_.get(), SIGKILL);  // it may have left its group
    pollfd end{end_.get(), POLLIN, 0};
    int status = -1;
    if (::poll(&end, 1, static_cast<int>(kEndLimit.count())) > 0) ::waitpid(pid, &status, 0);
    return status;
  }

 private:
  BashRun() = default;

  pid_t pid_ = 0;
  UniqueFd end_;
  std::array<Stream, 3> streams_;
};

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return "the shell that sourced it was ended by signal " + std::to_string(WTERMSIG(status));
  return "it ended the shell that sourced it, with status " + std::to_string(WEXITSTATUS(status)) +
         ": an exit, a command that failed after set -e, or a change to the shell itself (exec, ulimit, a function "
         "with the name of a builtin)";
}

}  // namespace

Result<BashRecord> source_with_bash(const std::filesystem::path& file, const Variables& environment,
                                    std::chrono::milliseconds limit) {
  auto run = BashRun::start(file.string(), environment);
  if (!run) return fail(run.error().wrap("cannot be sourced"));
  const bool in_time = run->read_until_end(Clock::now() + limit);
  const int status = run->finish();
  if (!in_time)
    return fail(ErrorCode::kTimeout, "bash had not come to its end after " + std::to_string(limit.count()) +
                                         " ms: a command in it waits, or takes too long");
  if (run->exports().too_much) return fail(ErrorCode::kInvalid, "it exports more than 1 MiB");
  BashRecord record{std::move(run->exports().text), std::move(run->trace().text), std::move(run->errors().text)};
  if (!record.exports.starts_with(kEnd)) return fail(ErrorCode::kInvalid, describe_end(status));
  const std::size_t flags_end = record.exports.find('\0');
  record.trace_is_whole = !run->trace().too_much &&
                          record.exports.substr(kEnd.size(), flags_end - kEnd.size()).find('x') != std::string::npos;
  record.exports.erase(0, flags_end + 1);
  if (record.exports.empty() && record.errors.find(": restricted: ") != std::string::npos)
    return fail(ErrorCode::kInvalid, "it restricts its shell (set -r), which then starts no program by its path");
  if (record.exports.empty()) return fail(ErrorCode::kInvalid, "what it exports is too long for another program");
  return record;
}

}  // namespace porpoise
