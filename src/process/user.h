// Users of the operating system: looking one up, becoming one for good, and acting as one through sudo.
//
// Free functions and values; any thread. NSS answers, so users of a directory service count; that may block.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "process/process_info.h"

namespace porpoise {

struct OsUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

// ErrorCode::kNotFound when there is none.
Result<OsUser> find_user(const std::string& name);

// The number itself for one without a name.
std::string user_name(uid_t uid);

// HOME, USER and LOGNAME of this process, and of what it starts, become the user's.
void use_environment_of(const OsUser& user);

// All ids and groups of this process become the user's, and its environment. There is no way back. Only root can. It
// clears PR_SET_PDEATHSIG and PR_SET_DUMPABLE, as the kernel does for whoever changes their ids.
Status become_user(const OsUser& user);

// --- Through sudo.

// How a hand ends that could not do what it was to: any other status but 0 is sudo's.
inline constexpr int kHandFailed = 4;

// A user whom a process that is not root acts as, through sudo: 3.1 runs a tenant's commands so.
//
// A value; any thread. Nothing here is needed by root, which becomes the user instead: needed() says which it is, once
// and for all. What only the user may do to its processes and files, the task host does for it: started as the user, it
// is the user's hand (taskhost/sudo_helper.h).
class SudoUser {
 public:
  // An empty name is nobody: the process stays who it is.
  SudoUser(const std::string& name, std::filesystem::path host_binary);

  bool needed() const { return !name_.empty(); }
  const std::string& name() const { return name_; }

  // sudo -n -u NAME -- ARGV…
  Result<std::vector<std::string>> command(std::vector<std::string> argv) const;
  // The same, by way of the user's hand, which first gives up all that setuid programs could give (no_new_privs).
  Result<std::vector<std::string>> command_without_privileges(std::vector<std::string> argv) const;

  struct Hand {
    pid_t pid = 0;
    UniqueFd errors;  // what sudo or the hand says
  };
  // Starts a child in a process group of its own.
  Result<Hand> start(const std::vector<std::string>& words) const;
  // What a hand that has ended with that wait status achieved. The error says what sudo lacks.
  Status classify_outcome(const Hand& hand, int status) const;

  // All of that; waits, but not for ever.
  Status run(const std::vector<std::string>& words) const;

 private:
  Error refused(const std::string& reason) const;

  std::string name_;
  std::filesystem::path host_binary_;
};

// What a hand is told that is to end a task's processes.
std::vector<std::string> kill_command(int signal, const TaskIdentity& mark);

}  // namespace porpoise
