#include "taskhost/tenant_kill.h"

#include <algorithm>
#include <utility>

namespace porpoise {

void TenantKill::begin(int signal) {
  if (!needed() || hand_.pid != 0) return;
  auto hand = tenant_.start(kill_command(signal, mark_));
  if (hand)
    hand_ = *std::move(hand);
  else
    print_error(hand.error());
}

void TenantKill::child_ended(pid_t pid, int status) {
  if (pid != hand_.pid) return;
  if (const Status done = tenant_.classify_outcome(std::exchange(hand_, {}), status); !done) print_error(done.error());
}

void TenantKill::leave_out(std::vector<ProcessInfo>& processes) const {
  if (hand_.pid == 0) return;
  const std::vector<ProcessInfo> below = descendants(processes, hand_.pid);
  std::erase_if(processes, [&](const ProcessInfo& process) {
    const auto same = [&](const ProcessInfo& other) { return other.pid == process.pid; };
    return process.pid == hand_.pid || std::any_of(below.begin(), below.end(), same);
  });
}

void TenantKill::print_error(const Error& error) {
  if (!std::exchange(complained_, true)) log_.write(LogLevel::kError, error.to_string());
}

}  // namespace porpoise
