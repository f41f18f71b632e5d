#include "process/task_processes.h"

#include <set>

namespace porpoise {

std::vector<ProcessInfo> task_processes(const TaskIdentity& mark) {
  const std::vector<ProcessInfo> all = list_processes();
  std::vector<ProcessInfo> found;
  std::set<pid_t> pids;
  const auto add = [&](const ProcessInfo& process) {
    if (process.pid != mark.host && pids.insert(process.pid).second) found.push_back(process);
  };
  const auto add_below = [&](const ProcessInfo& process) {
    for (const ProcessInfo& child : descendants(all, process.pid)) add(child);
  };
  // The number of a session is given to nobody else while it has members. Once it is, none of its members is ours.
  bool is_number_ours = true;
  for (const ProcessInfo& process : all) {
    if (process.pid != mark.host) continue;
    is_number_ours = process.start_ticks == mark.start_ticks;
    if (is_number_ours) add_below(process);
  }
  for (const ProcessInfo& process : all) {
    if (process.start_ticks < mark.start_ticks) continue;  // older than the task
    const bool is_member = is_number_ours && process.session == mark.host;
    if (!is_member && !has_environment_entry(process.pid, mark.environment_entry)) continue;
    add(process);
    add_below(process);
  }
  return found;
}

}  // namespace porpoise
