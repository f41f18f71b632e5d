#include "es5/fence.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace porpoise {
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

// Handlers of the parent would write to descriptors that are now something else.
void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
}

}  // namespace

void fence_in(int fd, std::chrono::milliseconds cpu, void (*on_cpu_limit)(int)) {
  keep_only(fd);
  reset_signals();
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
