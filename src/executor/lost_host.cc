#include "executor/lost_host.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "process/process_info.h"
#include "process/sweep.h"
#include "task/host_protocol.h"
#include "workspace/task_log.h"
#include "workspace/work_directory.h"

namespace porpoise {
namespace {

constexpr std::chrono::seconds kSweepLimit{5};
constexpr int kPauseMs = 2;
constexpr std::size_t kMaxAppIdsBytes = 1U << 20U;

std::vector<ProcessInfo> remains(const DeadHost& host, const std::string& cookie) {
  const std::vector<ProcessInfo> all = list_processes();
  std::vector<ProcessInfo> found;
  std::set<pid_t> pids;
  const auto add = [&](const ProcessInfo& process) {
    if (process.pid != host.pid && pids.insert(process.pid).second) found.push_back(process);
  };
  for (const ProcessInfo& process : all) {
    if (process.start_ticks < host.start_ticks) continue;  // older than the task
    if (process.session != host.pid && !has_environment_entry(process.pid, cookie)) continue;
    add(process);
    for (const ProcessInfo& child : descendants(all, process.pid)) add(child);
  }
  return found;
}

void reap_adopted(const std::vector<ProcessInfo>& processes) {
  for (const ProcessInfo& process : processes)
    if (process.parent == ::getpid() && process.state == 'Z') ::waitpid(process.pid, nullptr, WNOHANG);
}

void append_to_log(const TaskRequest& request, const std::string& message) {
  auto log = TaskLog::open(request.log_path);
  if (!log) return;
  log->write(LogLevel::kError, message);
  log->write(LogLevel::kInfo, "FINALIZE_SESSION");
  log->flush();
}

}  // namespace

void sweep_after(const DeadHost& host, std::int64_t task_instance_id) {
  const std::string cookie =
      std::string(kCookieVariable) + "=" + task_cookie(task_instance_id, host.pid, host.start_ticks);
  const auto find = [&] {
    std::vector<ProcessInfo> found = remains(host, cookie);
    reap_adopted(found);
    return found;
  };
  const auto limit = std::chrono::steady_clock::now() + kSweepLimit;
  while (kill_round(find, ::getpgrp()) > 0 && std::chrono::steady_clock::now() < limit) ::poll(nullptr, 0, kPauseMs);
  find();
}

TaskResult record_lost_task(const TaskRequest& request, const std::filesystem::path& state_dir, TaskState state,
                            const std::string& message, std::int64_t start_time_ms) {
  TaskResult result;
  result.task_instance_id = request.task_instance_id;
  result.state = state;
  result.message = message;
  result.start_time_ms = start_time_ms;
  result.end_time_ms = wall_ms();
  result.var_pool = request.var_pool;
  result.app_ids = read_file(state_dir / kAppIdsFile, kMaxAppIdsBytes).value_or(request.app_ids);
  if (!request.keep_execute_path && check_work_directory(request, state_dir))
    if (const auto removed = remove_work_directory(request); !removed)
      result.message += "; " + removed.error().to_string();
  append_to_log(request, result.message);
  if (const auto kept = write_file(state_dir / kResultFile, dump_json(to_json(result)), 0600, Durability::kDurable);
      !kept)
    result.message += "; " + kept.error().to_string();
  return result;
}

}  // namespace porpoise
