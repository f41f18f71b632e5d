// Answers for a task whose host died without a result: nothing of it stays alive, and there is a result after all.
//
// Free functions; they block, within limits, and act on the file system.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "task/request.h"

namespace porpoise {

// A host that has ended but has not been waited for, so that its pid still means it.
struct DeadHost {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
};

// Kills what is left: members of the host's session, processes with its cookie, and the descendants of both. This
// process has to be the reaper of orphans. What has cleared its environment and left the session is not found.
void sweep_after(const DeadHost& host, std::int64_t task_instance_id);

// Removes the working directory, says why in the task log, and writes `result.json`.
TaskResult record_lost_task(const TaskRequest& request, const std::filesystem::path& state_dir, TaskState state,
                            const std::string& message, std::int64_t start_time_ms);

}  // namespace porpoise
