// Which processes belong to a task, found without being their parent: after the death of the task's host, and in the
// hand of a tenant. Reads /proc; any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "process/process_info.h"

namespace porpoise {

// What all of them have in common.
struct TaskIdentity {
  pid_t host = 0;                 // leads the session
  std::uint64_t start_ticks = 0;  // of the host
  std::string environment_entry;  // the cookie: "NAME=value"
};

// Descendants of the host while it lives, members of its session, processes with the cookie, and the descendants of all
// of these, but not the host itself, nor anybody who has got its number since. The cookie is seen only in processes of
// our own user. What has cleared its environment, left the session and lost its host is not found.
std::vector<ProcessInfo> task_processes(const TaskIdentity& mark);

}  // namespace porpoise
