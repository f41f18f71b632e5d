#include "process/task_processes.h"

#include <set>

namespace porpoise {

std::vector<ProcessInfo> task_processes(const TaskMark& mark) {
  const std::vector<ProcessInfo> all = list_processes();
  std::vector<ProcessInfo> found;
  std::set<pid_t> pids;
  const auto add = [&](const ProcessInfo& process) {
    if (process.pid != mark.host && pids.insert(process.pid).second) found.push_back(process);
  };
  for (const ProcessInfo& process : all) {
    if (process.start_ticks < mark.start_ticks) continue;  // older than the task
    if (process.session != mark.host && !has_environment_entry(process.pid, mark.environment_entry)) continue;
    add(process);
    for (const ProcessInfo& child : descendants(all, process.pid)) add(child);
  }
  for (const ProcessInfo& child : descendants(all, mark.host)) add(child);
  return found;
}

}  // namespace porpoise
