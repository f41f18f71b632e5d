// A user whom a process that is not root acts as, through sudo: 3.1 runs a tenant's commands so.
//
// A value; any thread. Nothing here is needed by root, which becomes the user instead (process/user.h): needed() says
// which it is, once and for all. What only the user may do to its processes and files, the task host does for it:
// started as the user, it is the user's hand (taskhost/sudo_helper.h).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "process/task_processes.h"

namespace porpoise {

// How a hand ends that could not do what it was to: any other status but 0 is sudo's.
inline constexpr int kHandFailed = 4;

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
