#include "launcher/lost_host.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/signals.h"
#include "model/host_protocol.h"
#include "process/kill_tree.h"
#include "process/process_info.h"
#include "process/user.h"
#include "taskdir/liveness.h"
#include "taskdir/result_file.h"
#include "taskdir/task_log.h"
#include "taskdir/work_directory.h"

namespace porpoise {
namespace {

constexpr std::chrono::milliseconds kSweepLimit{5000};
constexpr std::chrono::milliseconds kEndLimit{10000};  // for a host that SIGKILL does not end: it hangs in the kernel
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
    if (process.parent != ::getpid() || !process.ended()) continue;
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

// What of a task is in the cgroup that its host made for it, if it could: whatever it did to hide from all others.
class TaskCgroup {
 public:
  explicit TaskCgroup(const TaskIdentity& mark)
      : group_(Cgroup::find(cgroup_name(mark.environment_entry.substr(kCookieVariable.size() + 1)))) {}

  void kill() const {
    if (group_) group_->kill_all();
  }
  void add_to(std::vector<ProcessInfo>& found) const {
    if (!group_) return;
    for (ProcessInfo& member : group_->members())
      if (std::none_of(found.begin(), found.end(), [&](const ProcessInfo& one) { return one.pid == member.pid; }))
        found.push_back(std::move(member));
  }

 private:
  std::optional<Cgroup> group_;
};

TaskIdentity identity_of(const TaskRequest& request, pid_t host, std::uint64_t start_ticks) {
  return {host, start_ticks,
          std::string(kCookieVariable) + "=" + task_cookie(request.task_instance_id, host, start_ticks)};
}

// Of all hosts of a task that processes with its cookie are left of.
std::vector<TaskIdentity> find_identities(std::int64_t task_instance_id) {
  const std::string beginning = std::string(kCookieVariable) + "=" + std::to_string(task_instance_id) + ".";
  std::map<std::string, TaskIdentity> found;
  for (const ProcessInfo& process : list_processes()) {
    const std::string entry = find_environment_entry(process.pid, beginning);
    TaskIdentity mark{0, 0, entry};
    const char* const end = entry.data() + entry.size();
    if (entry.empty()) continue;
    const auto [dot, problem] = std::from_chars(entry.data() + beginning.size(), end, mark.host);
    if (problem != std::errc() || mark.host <= 1 || dot == end || *dot != '.') continue;
    if (std::from_chars(dot + 1, end, mark.start_ticks).ptr == end) found.emplace(entry, mark);
  }
  std::vector<TaskIdentity> marks;
  marks.reserve(found.size());
  for (auto& [entry, mark] : found) marks.push_back(std::move(mark));
  return marks;
}

void append_to_log(const TaskRequest& request, const std::string& message) {
  auto log = TaskLog::open(request.log_path);
  if (!log) return;
  log->write(LogLevel::kError, message);
  log->write(LogLevel::kInfo, "FINALIZE_SESSION");
  log->flush();
}

TaskResult result_of(const TaskRequest& request, const TaskEnding& ending) {
  TaskResult result;
  result.task_instance_id = request.task_instance_id;
  result.state = ending.state;
  result.message = ending.message;
  result.timed_out = ending.timed_out;
  result.start_time_ms = ending.start_time_ms;
  result.end_time_ms = wall_ms();
  result.var_pool = request.var_pool;
  result.app_ids = request.app_ids;
  return result;
}

// Removes the working directory, says why in the task log, and writes `result.json`. `tenant`: the request's run_as.
TaskResult record(const TaskRequest& request, const SudoUser& tenant, const std::filesystem::path& state_dir,
                  const TaskEnding& ending, const std::vector<ProcessInfo>& survivors, const ResultSeal* seal) {
  TaskResult result = result_of(request, ending);
  result.app_ids = read_file(state_dir / kAppIdsFile, kMaxAppIdsBytes).value_or(request.app_ids);
  add_survivors(result, survivors);
  if (!request.keep_execute_path && check_work_directory(request, state_dir))
    if (const auto removed = remove_work_directory(request, tenant); !removed)
      result.message += "; " + removed.error().to_string();
  append_to_log(request, result.message);
  if (const auto kept = write_result(state_dir, result, seal); !kept) result.message += "; " + kept.error().to_string();
  return result;
}

// Kills what is left of the task. `reaped`: the host has been waited for, so its number may be a stranger's by now; a
// session of that number is the task's only if somebody in it has the cookie. Returns those that SIGKILL does not end.
std::vector<ProcessInfo> sweep_after(TaskIdentity mark, const SudoUser& tenant, bool reaped) {
  const TaskCgroup group(mark);
  if (reaped && !session_is_its_own(mark)) mark.host = kNoHost;
  group.kill();
  // The tenant's first: ours alone would never become none.
  if (tenant.needed()) (void)tenant.run(kill_command(SIGKILL, mark));
  const auto user = user_of(tenant);
  std::set<pid_t> seen;
  const auto find = [&] {
    reap_adopted(seen, user);
    std::vector<ProcessInfo> found = task_processes(mark);
    group.add_to(found);
    for (const ProcessInfo& process : found) seen.insert(process.pid);
    return found;
  };
  const auto limit = std::chrono::steady_clock::now() + kSweepLimit;
  bool alive = false;
  while ((alive = kill_round(find, ::getpgrp()) > 0) && std::chrono::steady_clock::now() < limit) {
    group.kill();
    ::poll(nullptr, 0, kLeftoverPauseMs);
  }
  reap_adopted(seen, user);
  if (!alive) return {};
  std::vector<ProcessInfo> survivors = task_processes(mark);
  group.add_to(survivors);
  return survivors;
}

// Of a host that hangs and is not our child: its orphans become another's, who may be slow to list, so they are ended
// while they are the host's still. It is stopped, so that a child which has ended keeps its number.
void end_children_of(const LostHost& host) {
  signal_pidfd(host.pid_fd.get(), SIGSTOP);
  const auto limit = std::chrono::steady_clock::now() + kSweepLimit;
  while (kill_descendants(host.pid) > 0 && std::chrono::steady_clock::now() < limit) continue;
  // Those that we may not signal a tenant's hand ends.
}

// False when not even SIGKILL ends it.
bool end_host(const LostHost& host) {
  if (!host.alive) return true;
  if (!host.is_child) end_children_of(host);
  signal_pidfd(host.pid_fd.get(), SIGKILL);
  pollfd end{host.pid_fd.get(), POLLIN, 0};
  return ::poll(&end, 1, static_cast<int>(kEndLimit.count())) > 0;
}

std::string describe_end(const LostHost& host) {
  siginfo_t end{};
  std::string text = "task host ended without a result";
  if (host.is_child && ::waitid(P_PID, static_cast<id_t>(host.pid), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      end.si_pid == host.pid)
    text = end.si_code == CLD_EXITED ? "task host ended with exit status " + std::to_string(end.si_status)
                                     : "task host was ended by " + describe_signal(end.si_status);
  return host.last_words.empty() ? text : text + ": " + host.last_words;
}

void wait_for(const LostHost& host, bool ended, ChildReaper* children) {
  if (!host.is_child) return;
  if (children == nullptr)
    ::waitpid(host.pid, nullptr, WNOHANG);
  else if (ended)
    children->collect(host.pid);
  else
    children->leave(host.pid);
}

// What lives on of a host that may not have ended itself.
std::vector<ProcessInfo> end_rest(const LostHost& host, const SudoUser& tenant, bool ended, ChildReaper* children) {
  std::vector<ProcessInfo> rest =
      sweep_after(identity_of(host.request, host.pid, host.start_ticks), tenant, !host.is_child);
  if (children != nullptr)
    for (const ProcessInfo& process : children->end_leftovers(kSweepLimit))
      if (std::none_of(rest.begin(), rest.end(), [&](const ProcessInfo& other) { return other.pid == process.pid; }))
        rest.push_back(process);
  if (const auto self = read_process(host.pid); !ended && self) rest.push_back(*self);
  return rest;
}

}  // namespace

TaskResult answer_for(const LostHost& host, ChildReaper* children) {
  const bool ended = end_host(host);
  const SudoUser tenant(host.request.run_as, host.host_binary);
  // It may have hung, or died, between the disk and telling us.
  auto kept = read_result(host.state_dir, host.request.task_instance_id, host.seal.get());
  if (kept) {
    wait_for(host, ended, children);
    return *std::move(kept);
  }
  const std::vector<ProcessInfo> survivors = end_rest(host, tenant, ended, children);
  TaskEnding ending = host.ending;
  if (ending.message.empty()) ending.message = describe_end(host);
  if (kept.error().code() != ErrorCode::kNotFound) ending.message += "; " + kept.error().to_string();
  wait_for(host, ended, children);
  return record(host.request, tenant, host.state_dir, ending, survivors, host.seal.get());
}

TaskResult unanswered(const LostHost& host, const Error& why) {
  TaskEnding ending = host.ending;
  if (ending.message.empty()) ending.message = "task host ended without a result";
  ending.message += "; " + why.to_string();
  return result_of(host.request, ending);
}

void end_unwanted(const LostHost& host, ChildReaper* children) {
  const bool ended = end_host(host);
  (void)end_rest(host, SudoUser(host.request.run_as, host.host_binary), ended, children);
  wait_for(host, ended, children);
}

TaskResult answer_for_unseen(const TaskRequest& request, const HostSettings& settings,
                             const std::filesystem::path& state_dir, const TaskEnding& ending) {
  const SudoUser tenant(request.run_as, settings.host_binary);
  return record(request, tenant, state_dir, ending, sweep_after_unseen(request, tenant, state_dir),
                settings.seal.get());
}

std::vector<ProcessInfo> sweep_after_unseen(const TaskRequest& request, const SudoUser& tenant,
                                            const std::filesystem::path& state_dir) {
  const auto host = read_host_identity(state_dir);
  if (host && host->boot_id != boot_id()) return {};  // nothing outlives a boot
  if (host) return sweep_after(identity_of(request, host->pid, host->start_ticks), tenant, true);
  // What it has said is damaged or gone, unless it has not begun with its task.
  std::vector<ProcessInfo> survivors;
  for (const TaskIdentity& mark : find_identities(request.task_instance_id))
    for (ProcessInfo& one : sweep_after(mark, tenant, true)) survivors.push_back(std::move(one));
  return survivors;
}

TaskResult record_unstarted_task(const TaskRequest& request, const HostSettings& settings,
                                 const std::filesystem::path& state_dir, const TaskEnding& ending) {
  if (host_lives(state_dir)) return result_of(request, ending);
  return record(request, SudoUser(request.run_as, settings.host_binary), state_dir, ending, {}, settings.seal.get());
}

}  // namespace porpoise
