#include "launcher/lost_host.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "launcher/host_lock.h"
#include "model/host_protocol.h"
#include "process/kill_tree.h"
#include "process/process_info.h"
#include "process/user.h"
#include "taskdir/result_file.h"
#include "taskdir/task_log.h"
#include "taskdir/work_directory.h"

namespace porpoise {
namespace {

constexpr std::chrono::seconds kSweepLimit{5};
constexpr int kLeftoverPauseMs = 2;
constexpr pid_t kNoHost = -1;  // leads no session
constexpr std::size_t kMaxAppIdsBytes = 1U << 20U;

bool belongs_to(const ProcessInfo& process, uid_t user) {
  struct stat info {};
  return ::stat(("/proc/" + std::to_string(process.pid)).c_str(), &info) == 0 && info.st_uid == user;
}

// Orphans of the task, by now our children. Zombies show neither cookie nor, by then, whose descendants they were; a
// tenant's are none of our own.
void reap_adopted(const std::set<pid_t>& seen, const std::optional<OsUser>& tenant) {
  for (const ProcessInfo& process : list_processes()) {
    if (process.parent != ::getpid() || process.state != 'Z') continue;
    if (seen.contains(process.pid) || (tenant && belongs_to(process, tenant->uid)))
      ::waitpid(process.pid, nullptr, WNOHANG);
  }
}

std::optional<OsUser> user_of(const SudoUser& tenant) {
  if (!tenant.needed()) return std::nullopt;
  const auto user = find_user(tenant.name());
  return user ? std::optional(*user) : std::nullopt;
}

// A number is not given away as long as it is that of a session, and who has the cookie was there from the start.
bool session_is_its_own(const TaskIdentity& mark) {
  const std::vector<ProcessInfo> all = list_processes();
  return std::any_of(all.begin(), all.end(), [&](const ProcessInfo& process) {
    return process.session == mark.host && has_environment_entry(process.pid, mark.environment_entry);
  });
}

void append_to_log(const TaskRequest& request, const std::string& message) {
  auto log = TaskLog::open(request.log_path);
  if (!log) return;
  log->write(LogLevel::kError, message);
  log->write(LogLevel::kInfo, "FINALIZE_SESSION");
  log->flush();
}

}  // namespace

std::vector<ProcessInfo> sweep_after(const TaskIdentity& whole_mark, const SudoUser& tenant, bool reaped) {
  TaskIdentity mark = whole_mark;
  if (reaped && !session_is_its_own(mark)) mark.host = kNoHost;
  // The tenant's first: ours alone would never become none.
  if (tenant.needed()) (void)tenant.run(kill_command(SIGKILL, mark));
  const auto user = user_of(tenant);
  std::set<pid_t> seen;
  const auto find = [&] {
    reap_adopted(seen, user);
    std::vector<ProcessInfo> found = task_processes(mark);
    for (const ProcessInfo& process : found) seen.insert(process.pid);
    return found;
  };
  const auto limit = std::chrono::steady_clock::now() + kSweepLimit;
  bool alive = false;
  while ((alive = kill_round(find, ::getpgrp()) > 0) && std::chrono::steady_clock::now() < limit)
    ::poll(nullptr, 0, kLeftoverPauseMs);
  reap_adopted(seen, user);
  return alive ? task_processes(mark) : std::vector<ProcessInfo>();
}

std::vector<ProcessInfo> sweep_after_unseen(const TaskRequest& request, const SudoUser& tenant,
                                            const std::filesystem::path& state_dir) {
  const auto host = read_host_identity(state_dir);
  // Nothing outlives a boot; and a host that has not said who it is has not begun with its task.
  if (!host || host->boot_id != boot_id()) return {};
  const std::string cookie = task_cookie(request.task_instance_id, host->pid, host->start_ticks);
  return sweep_after({host->pid, host->start_ticks, std::string(kCookieVariable) + "=" + cookie}, tenant, true);
}

TaskResult record_lost_task(const TaskRequest& request, const SudoUser& tenant, const std::filesystem::path& state_dir,
                            TaskState state, const std::string& message, std::int64_t start_time_ms,
                            const std::vector<ProcessInfo>& survivors) {
  TaskResult result;
  result.task_instance_id = request.task_instance_id;
  result.state = state;
  result.message = message;
  add_survivors(result, survivors);
  result.start_time_ms = start_time_ms;
  result.end_time_ms = wall_ms();
  result.var_pool = request.var_pool;
  result.app_ids = read_file(state_dir / kAppIdsFile, kMaxAppIdsBytes).value_or(request.app_ids);
  if (!request.keep_execute_path && check_work_directory(request, state_dir))
    if (const auto removed = remove_work_directory(request, tenant); !removed)
      result.message += "; " + removed.error().to_string();
  append_to_log(request, result.message);
  if (const auto kept = write_result(state_dir, result); !kept) result.message += "; " + kept.error().to_string();
  return result;
}

}  // namespace porpoise
