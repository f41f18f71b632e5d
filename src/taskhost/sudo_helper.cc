#include "taskhost/sudo_helper.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "process/kill_tree.h"
#include "process/process_info.h"
#include "process/user.h"
#include "taskdir/work_directory.h"
#include "taskhost/limits.h"

namespace porpoise {
namespace {

Status probe(const std::string& folder) {
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return fail_errno("cannot work in " + folder + ", let others pass the folders above it (chmod o+x)", errno);
}

// The rest of the task is somebody else's: sudo's, and the runner.
std::vector<ProcessInfo> own_processes(const TaskIdentity& mark) {
  auto processes = task_processes(mark);
  std::erase_if(processes, [](const ProcessInfo& process) {
    return process.pid == ::getpid() || (::kill(process.pid, 0) != 0 && errno == EPERM);
  });
  return processes;
}

// Sudo is in the group too, and may not be signalled: it ends with what it has started.
Status signal_group(int number, pid_t group) {
  if (number <= 0 || number >= NSIG || group <= 1) return fail(ErrorCode::kInvalid, "was given no signal or no group");
  if (::kill(-group, number) == 0) return {};
  return fail_errno("cannot signal process group " + std::to_string(group), errno);
}

Status end_processes(int signal, const TaskIdentity& mark) {
  const auto find = [&] { return own_processes(mark); };
  if (signal == SIGTERM) return terminate_all(find()), Status();
  const auto limit = std::chrono::steady_clock::now() + kKillLimit;
  while (kill_round(find, ::getpgrp()) > 0) {
    if (std::chrono::steady_clock::now() > limit)
      return fail(ErrorCode::kTimeout, "cannot end these processes: " + describe(find()));
    ::poll(nullptr, 0, static_cast<int>(kKillPause.count()));
  }
  return {};
}

// Does not come back unless it fails.
Status run(std::span<char* const> words) {
  std::vector<char*> argv(words.begin(), words.end());
  argv.push_back(nullptr);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("cannot give up privileges", errno);
  ::execv(argv[0], argv.data());
  return fail_errno("cannot start " + std::string(argv[0]), errno);
}

Status do_as_told(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "probe") return probe(words[1]);
  if (words.size() == 2 && words[0] == "clear") return clear_folder(words[1]), Status();
  if (words.size() == 3 && words[0] == "signal")
    return signal_group(std::atoi(words[1].c_str()), std::atoi(words[2].c_str()));
  if (words.size() == 5 && words[0] == "end")
    return end_processes(std::atoi(words[1].c_str()) == SIGTERM ? SIGTERM : SIGKILL,
                         {std::atoi(words[2].c_str()), std::strtoull(words[3].c_str(), nullptr, 10), words[4]});
  return fail(ErrorCode::kInvalid, "was given words of another version of porpoise");
}

}  // namespace

int run_sudo_helper(std::span<char* const> words) {
  const bool runs = words.size() > 1 && std::string_view(words[0]) == "run";
  const Status done = runs ? run(words.subspan(1)) : do_as_told({words.begin(), words.end()});
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  return kHandFailed;
}

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
