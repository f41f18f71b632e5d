// Answers for a task whose host died without a result: nothing of it stays alive, and there is a result after all.
//
// Free functions; they block, within limits, and act on the file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/request.h"
#include "process/process_info.h"
#include "process/sudo_user.h"
#include "process/task_processes.h"

namespace porpoise {

// Kills what is left of the task. `reaped`: the host has been waited for, so its number may be a stranger's by now; a
// session of that number is the task's only if somebody in it has the cookie. Returns those that SIGKILL does not end.
std::vector<ProcessInfo> sweep_after(const TaskIdentity& mark, const SudoUser& tenant, bool reaped);

// The same after a host that died while nobody followed it, as far as the state folder says who it was.
std::vector<ProcessInfo> sweep_after_unseen(const TaskRequest& request, const SudoUser& tenant,
                                            const std::filesystem::path& state_dir);

// Removes the working directory, says why in the task log, and writes `result.json`. `tenant`: the request's run_as.
TaskResult record_lost_task(const TaskRequest& request, const SudoUser& tenant, const std::filesystem::path& state_dir,
                            TaskState state, const std::string& message, std::int64_t start_time_ms,
                            const std::vector<ProcessInfo>& survivors = {});

}  // namespace porpoise
