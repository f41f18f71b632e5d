#include "es5/javascript.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "base/unique_fd.h"
#include "es5/arena.h"
#include "es5/engine.h"
#include "es5/fence.h"

namespace porpoise {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxSourceBytes = 1U << 20U;
constexpr std::size_t kMaxAnswerBytes = 4096;

// Both run in the child; a full pipe is impossible, an answer is smaller than any.
void give(Answer answer, std::string_view text) {
  std::array<char, kMaxAnswerBytes> buffer{};
  buffer[0] = static_cast<char>(answer);
  const std::size_t size = 1 + text.copy(buffer.data() + 1, buffer.size() - 1);
  const ssize_t written = ::write(kFencedFd, buffer.data(), size);
  ::_exit(written == static_cast<ssize_t>(size) ? 0 : 1);
}

void give_cpu_limit(int /*signal*/) { give(Answer::kCpu, {}); }

// Signals stay blocked until the child has its own handling of them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

Result<pid_t> start_child(std::string_view source, const ScriptLimits& limits, int answer_fd) {
  ::tzset();  // Date asks for the zone; the child cannot open its file
  const BlockedSignals blocked;
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("cannot fork the script engine", errno);
  if (child > 0) return child;
  Arena arena(limits.memory_bytes);  // before the fence, behind which nothing can be mapped
  fence_in(answer_fd, limits.cpu, &give_cpu_limit);
  run_engine(source, arena, &give);
  ::_exit(1);
}

// Reads until the child is gone; false when the deadline passed before.
bool read_answer(int fd, Clock::time_point deadline, std::string& answer) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd readable{fd, POLLIN, 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1 << 30)));
    if (ready < 0 && errno != EINTR) return true;
    if (ready <= 0) continue;
    std::array<char, kMaxAnswerBytes> buffer{};
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || answer.size() > kMaxAnswerBytes) return true;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

// Somebody else in the process may have waited for all children; then the status is unknown.
int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 0;
  return status;
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return "the script engine was ended by signal " + std::to_string(WTERMSIG(status));
  return "the script engine ended without an answer";
}

std::string describe_size(std::size_t bytes) {
  return bytes % (1U << 20U) == 0 ? std::to_string(bytes >> 20U) + " MiB" : std::to_string(bytes) + " bytes";
}

Result<bool> interpret(const std::string& answer, int status, const ScriptLimits& limits) {
  if (answer.empty()) return fail(ErrorCode::kInternal, describe_end(status));
  const std::string text = answer.substr(1);
  switch (static_cast<Answer>(answer[0])) {
    case Answer::kTrue: return true;
    case Answer::kFalse: return false;
    case Answer::kOther: return fail(ErrorCode::kInvalid, "the result is not a Boolean but " + text);
    case Answer::kThrown: return fail(ErrorCode::kInvalid, text);
    case Answer::kMemory:
      return fail(ErrorCode::kInvalid, "memory limit of " + describe_size(limits.memory_bytes) + " exceeded");
    case Answer::kCpu:
      return fail(ErrorCode::kTimeout, "CPU limit of " + std::to_string(limits.cpu.count()) + " ms exceeded");
  }
  return fail(ErrorCode::kInternal, "the script engine gave an answer nobody knows");
}

}  // namespace

Result<bool> evaluate_boolean(std::string_view source, const ScriptLimits& limits) {
  if (source.size() > kMaxSourceBytes)
    return fail(ErrorCode::kInvalid,
                "the script is larger than the limit of " + std::to_string(kMaxSourceBytes) + " bytes");
  const Clock::time_point deadline = Clock::now() + limits.wall;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot create a pipe to the script engine", errno);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  PORPOISE_TRY(const pid_t child, start_child(source, limits, write_end.get()));
  write_end.reset();
  std::string answer;
  const bool in_time = read_answer(read_end.get(), deadline, answer);
  if (!in_time) ::kill(child, SIGKILL);  // it still holds the pipe, so the id is still its own
  const int status = wait_for(child);
  if (!in_time && answer.empty())
    return fail(ErrorCode::kTimeout, "time limit of " + std::to_string(limits.wall.count()) + " ms exceeded");
  return interpret(answer, status, limits);
}

}  // namespace porpoise
