// Ends a tenant's processes for a supervisor that may not signal them: a hand of the tenant does it (sudo_helper.h),
// one at a time. It is a child of the supervisor like any other and is never waited for. One thread.
#pragma once

#include <sys/types.h>

#include <vector>

#include "process/sudo_user.h"
#include "process/task_processes.h"
#include "taskdir/task_log.h"

namespace porpoise {

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
