#include "worker/isolation.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "process/confinement.h"
#include "process/user.h"

namespace porpoise {
namespace {

// Why sudo cannot work here; empty when it may.
std::string sudo_fault() {
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
    return "it was started with no_new_privs, so that sudo cannot work";
  const SudoUser somebody("root", "");
  return somebody.command({"true"}) ? "" : "there is no sudo in PATH";
}

// Of tasks that run as the worker's own user.
void add_gaps_of_one_user(const WorkerConfig& config, std::vector<std::string>& gaps) {
  const ConfinementLevel level = confinement_level();
  const std::string who = config.sudo ? "tasks of the tenant default" : "tasks";
  const std::string shared = who + " run as the worker's own user " + user_name(::geteuid());
  constexpr const char* kReadsAll =
      " they can read and change the state of the worker, the logs of others and its configuration";
  if (!config.no_new_privs)
    gaps.push_back(shared + " and may gain privileges (no-new-privs: false):" + kReadsAll);
  else if (!level.files)
    gaps.push_back(shared + ", and this kernel has no Landlock (Linux 5.19 and later):" + kReadsAll +
                   "; what still holds is in docker/README.md");
  else if (!level.signals)
    gaps.push_back(shared + ", and the Landlock of this kernel is not that of Linux 6.12: they can stop or kill the " +
                   "worker and its task hosts");
}

// A process may raise its score, but not lower it below what it began with.
void add_oom_score(std::vector<std::string>& gaps) {
  constexpr std::size_t kMaxBytes = 64;
  const auto text = read_file("/proc/self/oom_score_adj", kMaxBytes);
  const int score = text ? std::atoi(text->c_str()) : 0;
  if (score > 0)
    gaps.push_back("tasks keep the worker's oom_score_adj of " + std::to_string(score) + ", as it is not root");
}

}  // namespace

std::vector<std::string> gaps_between_tasks(const WorkerConfig& config) {
  std::vector<std::string> gaps;
  if (::geteuid() == 0) return gaps;  // it becomes the tenant, or root's tasks have leave to be root's
  if (const std::string fault = config.sudo ? sudo_fault() : ""; !fault.empty())
    gaps.push_back("this worker cannot become its tenants: it is not root, and " + fault +
                   "; tasks of tenants with another user than " + user_name(::geteuid()) +
                   " FAIL. Start it as root, let it use sudo, or let every task run as its own user (sudo: false)");
  add_gaps_of_one_user(config, gaps);
  add_oom_score(gaps);
  return gaps;
}

}  // namespace porpoise
