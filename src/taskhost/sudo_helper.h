// Where sudo is the way to a tenant: the task host as the tenant's hand, and the supervisor's end of it.
//
// The hand is the task host once more: started through sudo as the tenant, by a supervisor or worker that is not root,
// it does in the tenant's name what those may not, says on stderr what it could not do, and ends.
//
//   probe FOLDER                        can the tenant work there?
//   clear FOLDER                        remove what it made there
//   run PROGRAM WORD…                   become that program, without a way to more privileges (no_new_privs)
//   signal NUMBER GROUP                 send a signal to its processes in that process group
//   end SIGNAL HOST TICKS COOKIE        SIGTERM, or SIGKILL until none is left, to its processes of one task
//
// The words come from porpoise, but believe nothing: whoever may run it so may do all of that to the tenant anyway.
#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "process/process_info.h"
#include "process/user.h"
#include "taskdir/task_log.h"

namespace porpoise {

// The exit status of the process.
int run_sudo_helper(std::span<char* const> words);

// Ends a tenant's processes for a supervisor that may not signal them: a hand of the tenant does it, one at a time. It
// is a child of the supervisor like any other and is never waited for. Owned by the supervisor's process, one thread.
class TenantKill {
 public:
  // Everything is borrowed.
  TenantKill(const SudoUser& tenant, const TaskIdentity& mark, TaskLog& log)
      : tenant_(tenant), mark_(mark), log_(log) {}

  bool needed() const { return tenant_.needed(); }
  // SIGTERM, or SIGKILL until none of them is left. Nothing while a hand is at work.
  void begin(int signal);
  // A child has ended; one that was the hand may have something to say.
  void child_ended(pid_t pid, int status);
  // Without the hand and what belongs to it.
  void leave_out(std::vector<ProcessInfo>& processes) const;

 private:
  void print_error(const Error& error);

  const SudoUser& tenant_;
  const TaskIdentity& mark_;
  TaskLog& log_;
  SudoUser::Hand hand_;  // at work when it has a pid
  bool complained_ = false;
};

}  // namespace porpoise
