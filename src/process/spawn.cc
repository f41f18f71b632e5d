#include "process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/signals.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxFds = 8;
constexpr int kSpareFd = kMaxFds;  // above every number that `fds` can ask for, and below the lowest limit anybody sets

// What the child needs, made before the fork: it shares the caller's memory and must not allocate.
struct ChildPlan {
  const SpawnSpec& spec;
  std::vector<char*> argv;
  pid_t parent;
  volatile int problem = 0;  // errno of the step that failed, written by the child
};

// In two steps, as a source may have a number that is itself a target.
bool place_fds(const std::vector<int>& fds) {
  std::array<int, kMaxFds> spare{};
  for (std::size_t i = 0; i < fds.size(); ++i)
    if ((spare[i] = ::fcntl(fds[i], F_DUPFD_CLOEXEC, kSpareFd)) < 0) return false;
  for (std::size_t i = 0; i < fds.size(); ++i)
    if (::dup2(spare[i], static_cast<int>(i)) < 0) return false;
  return ::close_range(static_cast<unsigned>(fds.size()), ~0U, 0) == 0;
}

void reset_signals() {
  reset_signal_handlers();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool prepare_child(const ChildPlan& plan) {
  const SpawnSpec& spec = plan.spec;
  if (spec.own_group) ::setpgid(0, 0);
  if (spec.die_with_thread && ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  if (spec.die_with_thread && ::getppid() != plan.parent) return false;  // it ended before we could ask
  if (spec.address_space && ::setrlimit(RLIMIT_AS, &*spec.address_space) != 0) return false;
  if (!spec.directory.empty() && ::chdir(spec.directory.c_str()) != 0) return false;
  if (!place_fds(spec.fds)) return false;
  reset_signals();  // last: no handler of the caller may run in here
  return true;
}

[[noreturn]] void become(ChildPlan& plan) {
  if (prepare_child(plan)) ::execv(plan.argv[0], plan.argv.data());
  plan.problem = errno;
  ::_exit(127);
}

// No handler of the caller runs in the child, which has the caller's memory.
pid_t fork_into(ChildPlan& plan) {
  const BlockedSignals blocked;
  const pid_t pid = ::vfork();
  if (pid == 0) become(plan);
  return pid;
}

}  // namespace

Result<pid_t> spawn(const SpawnSpec& spec) {
  if (spec.argv.empty() || spec.fds.size() > kMaxFds) return fail(ErrorCode::kInvalid, "cannot start an empty command");
  ChildPlan plan{spec, {}, ::getpid()};
  for (const std::string& word : spec.argv) plan.argv.push_back(const_cast<char*>(word.c_str()));
  plan.argv.push_back(nullptr);

  const pid_t pid = fork_into(plan);
  const int fork_problem = pid < 0 ? errno : 0;
  if (fork_problem != 0) return fail_errno("cannot start " + spec.argv[0], fork_problem);
  if (plan.problem == 0) return pid;
  ::waitpid(pid, nullptr, 0);
  return fail_errno("cannot start " + spec.argv[0], plan.problem);
}

}  // namespace porpoise
