#include "process/kill_tree.h"

#include <signal.h>

#include <unordered_set>

#include "process/pidfd.h"

namespace porpoise {
namespace {

// How often a round looks for newcomers before it kills what it has: a fork bomb makes them as fast as we stop them,
// and killing is progress too.
constexpr int kFreezePasses = 8;

// Stops everybody found until a pass meets nobody new; returns the last listing.
std::vector<ProcessInfo> freeze(const FindProcesses& find) {
  std::unordered_set<pid_t> stopped;
  std::vector<ProcessInfo> found;
  for (int pass = 0; pass < kFreezePasses; ++pass) {
    found = find();
    bool news = false;
    for (const ProcessInfo& process : found) {
      if (process.state == 'Z' || !stopped.insert(process.pid).second) continue;
      news = true;
      signal_process(process, SIGSTOP);
    }
    if (!news) break;
  }
  return found;
}

}  // namespace

bool signal_process(const ProcessInfo& process, int signal) {
  const UniqueFd fd = open_pidfd(process.pid);
  if (!fd) return false;
  // The pidfd pins whoever has the number now; only then is it worth asking whether that is still the same process.
  const auto now = read_process(process.pid);
  if (!now || now->start_ticks != process.start_ticks) return false;
  return signal_pidfd(fd.get(), signal);
}

void terminate_all(const std::vector<ProcessInfo>& processes) {
  for (const ProcessInfo& process : processes) {
    signal_process(process, SIGTERM);
    signal_process(process, SIGCONT);
  }
}

std::size_t kill_round(const FindProcesses& find, pid_t own_group) {
  std::size_t alive = 0;
  std::unordered_set<pid_t> groups{0, 1, own_group};
  for (const ProcessInfo& process : freeze(find)) {
    if (process.state != 'Z') ++alive;
    // The kernel signals a group in one go, forks in progress included: that beats processes which fork and exit faster
    // than /proc can be read. The number is still theirs, as a member was alive just now.
    if (signal_process(process, SIGKILL) && groups.insert(process.group).second) ::kill(-process.group, SIGKILL);
  }
  return alive;
}

}  // namespace porpoise
