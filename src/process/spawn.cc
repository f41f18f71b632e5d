#include "process/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

#include "base/signals.h"
#include "process/process_info.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxFds = 8;
constexpr int kSpareFd = kMaxFds;  // above every number that `fds` can ask for, and below the lowest limit anybody sets

// What the child needs, made before the fork: it shares the caller's memory and must not allocate.
struct ChildPlan {
  const SpawnSpec& spec;
  std::vector<char*> argv;
  std::vector<char*> environment;
  pid_t parent;
  volatile int problem = 0;  // errno of the step that failed, written by the child
};

// As exec wants it: with a null at the end.
std::vector<char*> as_array(const std::vector<std::string>& words) {
  std::vector<char*> array;
  array.reserve(words.size() + 1);
  for (const std::string& word : words) array.push_back(const_cast<char*>(word.c_str()));
  array.push_back(nullptr);
  return array;
}

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
  if (prepare_child(plan))
    ::execve(plan.argv[0], plan.argv.data(), plan.spec.environment ? plan.environment.data() : environ);
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
  ChildPlan plan{spec, as_array(spec.argv), {}, ::getpid()};
  if (spec.environment) plan.environment = as_array(*spec.environment);

  const pid_t pid = fork_into(plan);
  const int fork_problem = pid < 0 ? errno : 0;
  if (fork_problem != 0) return fail_errno("cannot start " + spec.argv[0], fork_problem);
  if (plan.problem == 0) return pid;
  ::waitpid(pid, nullptr, 0);
  return fail_errno("cannot start " + spec.argv[0], plan.problem);
}

namespace {

using Clock = std::chrono::steady_clock;

tl::unexpected<Error> no_such_child(pid_t pid) {
  return fail(ErrorCode::kNotFound,
              "there is no child with process id " + std::to_string(pid) + " that has not been waited for");
}

// Our end, and in `theirs` the one that takes the place of `fd` in the child.
Result<UniqueFd> add_pipe(int& fd, UniqueFd& theirs, bool child_reads) {
  PORPOISE_TRY(Pipe pipe, make_pipe());
  theirs = std::move(child_reads ? pipe.reader : pipe.writer);
  fd = theirs.get();
  return std::move(child_reads ? pipe.writer : pipe.reader);
}

// Waits until `end` is readable; false when it is not by then.
bool wait_readable(int end, std::optional<Clock::time_point> by) {
  pollfd event{end, POLLIN, 0};
  while (true) {
    int left = -1;
    if (by)
      left = static_cast<int>(std::clamp<std::int64_t>(
          std::chrono::ceil<std::chrono::milliseconds>(*by - Clock::now()).count(), 0, INT_MAX));
    const int ready = ::poll(&event, 1, left);
    if (ready > 0) return true;
    if (ready == 0 && left == 0) return false;
  }
}

}  // namespace

Result<ChildTable::Child> ChildTable::start(SpawnSpec spec, Pipes pipes) {
  if (spec.fds.size() != 3) return fail(ErrorCode::kInternal, "a child needs three standard descriptors");
  Child child;
  std::array<UniqueFd, 3> theirs;
  if (pipes.input) {
    PORPOISE_TRY(child.input, add_pipe(spec.fds[0], theirs[0], true));
  }
  if (pipes.output) {
    PORPOISE_TRY(child.output, add_pipe(spec.fds[1], theirs[1], false));
  }
  if (pipes.errors) {
    PORPOISE_TRY(child.errors, add_pipe(spec.fds[2], theirs[2], false));
  }
  PORPOISE_TRY(child.pid, spawn(spec));
  // Nobody else waits for it, so the number is still its own.
  UniqueFd end = open_pidfd(child.pid);
  if (!end) {
    const int problem = errno;
    ::kill(spec.own_group ? -child.pid : child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    return fail_errno("cannot watch process " + std::to_string(child.pid), problem);
  }
  child.end = end.get();
  children_.insert_or_assign(child.pid, Entry{std::move(end), spec.own_group});
  return child;
}

Status ChildTable::signal(pid_t pid, int signal) const {
  const auto found = children_.find(pid);
  if (found == children_.end()) return no_such_child(pid);
  if (::kill(found->second.leads_group ? -pid : pid, signal) == 0) return {};
  return fail_errno("cannot signal process " + std::to_string(pid), errno);
}

Result<std::optional<int>> ChildTable::wait(pid_t pid, std::optional<std::chrono::milliseconds> limit) {
  const auto found = children_.find(pid);
  if (found == children_.end()) return no_such_child(pid);
  if (limit) {
    // Far away rather than past the end of the clock.
    constexpr std::chrono::hours kForever{24 * 365};
    const auto by = Clock::now() + std::min<std::chrono::milliseconds>(*limit, kForever);
    if (!wait_readable(found->second.end.get(), by)) return std::nullopt;
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("cannot wait for process " + std::to_string(pid), errno);
  children_.erase(found);
  return status;
}

}  // namespace porpoise
