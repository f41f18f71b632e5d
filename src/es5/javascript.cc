#include "es5/javascript.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "base/signals.h"
#include "es5/engine.h"

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

Result<pid_t> start_child(std::string_view source, const ScriptLimits& limits, int answer_fd) {
  ::tzset();  // Date asks for the zone; the child cannot open its file
  // Until the child has its own handling of them.
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
  return fail(ErrorCode::kInternal, "the script engine gave an answer of an unknown kind");
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

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "add the audit architecture of this processor"
#endif

// The run time of the sanitizers needs calls of its own.
#if defined(PORPOISE_SANITIZED)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// The clocks are system calls only where the kernel maps no faster way.
constexpr std::array kAllowedCalls = {SYS_write,        SYS_exit,          SYS_exit_group,
                                      SYS_rt_sigreturn, SYS_clock_gettime, SYS_gettimeofday};

sock_filter statement(unsigned code, std::uint32_t value) { return {static_cast<std::uint16_t>(code), 0, 0, value}; }

sock_filter jump_if_equal(std::uint32_t value, std::size_t over) {
  return {BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(over), 0, value};
}

void filter_system_calls() {
  constexpr std::size_t kCalls = kAllowedCalls.size();
  std::array<sock_filter, kCalls + 6> program{};
  std::size_t size = 0;
  program.at(size++) = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  program.at(size++) = jump_if_equal(kArchitecture, 1);
  program.at(size++) = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  program.at(size++) = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (std::size_t i = 0; i < kCalls; ++i)
    program.at(size++) = jump_if_equal(static_cast<std::uint32_t>(kAllowedCalls.at(i)), kCalls - i);
  program.at(size++) = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  program.at(size++) = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog filter = {static_cast<unsigned short>(size), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

void keep_only(int fd) {
  if (fd != kFencedFd) ::dup2(fd, kFencedFd);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(standard);
  ::close_range(kFencedFd + 1, ~0U, 0);
}

void limit_cpu(std::chrono::milliseconds cpu, void (*on_limit)(int)) {
  struct sigaction action {};
  action.sa_handler = on_limit;
  ::sigaction(SIGPROF, &action, nullptr);
  itimerval timer{};
  timer.it_value.tv_sec = cpu.count() / 1000;
  timer.it_value.tv_usec = cpu.count() % 1000 * 1000;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

}  // namespace

void fence_in(int fd, std::chrono::milliseconds cpu, void (*on_cpu_limit)(int)) {
  keep_only(fd);
  reset_signal_handlers();
  limit_cpu(cpu, on_cpu_limit);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
  if constexpr (!kSanitized) filter_system_calls();
}

}  // namespace porpoise
