// Answers for a task whose host died without a result: nothing of it stays alive, and there is a result after all.
//
// Free functions; they block, within limits, and act on the file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "process/sudo_user.h"
#include "process/task_processes.h"
#include "task/request.h"

namespace porpoise {

// Kills what is left of the task. This process has to be the reaper of orphans, and the host not waited for.
void sweep_after(const TaskMark& mark, const SudoUser& tenant);

// Removes the working directory, says why in the task log, and writes `result.json`. `tenant`: the request's run_as.
TaskResult record_lost_task(const TaskRequest& request, const SudoUser& tenant, const std::filesystem::path& state_dir,
                            TaskState state, const std::string& message, std::int64_t start_time_ms);

}  // namespace porpoise
