#include "process/child_table.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

#include "process/pidfd.h"

namespace porpoise {
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
