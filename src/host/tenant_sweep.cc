#include "host/tenant_sweep.h"

#include <algorithm>
#include <utility>

namespace porpoise {

void TenantSweep::begin(int signal) {
  if (!needed() || hand_.pid != 0) return;
  auto hand = tenant_.start(words_to_end(signal, mark_));
  if (hand)
    hand_ = *std::move(hand);
  else
    complain(hand.error());
}

void TenantSweep::child_ended(pid_t pid, int status) {
  if (pid != hand_.pid) return;
  if (const Status done = tenant_.judge(std::exchange(hand_, {}), status); !done) complain(done.error());
}

void TenantSweep::leave_out(std::vector<ProcessInfo>& processes) const {
  if (hand_.pid == 0) return;
  const std::vector<ProcessInfo> below = descendants(processes, hand_.pid);
  std::erase_if(processes, [&](const ProcessInfo& process) {
    const auto same = [&](const ProcessInfo& other) { return other.pid == process.pid; };
    return process.pid == hand_.pid || std::any_of(below.begin(), below.end(), same);
  });
}

void TenantSweep::complain(const Error& error) {
  if (!std::exchange(complained_, true)) log_.write(LogLevel::kError, error.to_string());
}

}  // namespace porpoise
