// `result.json` of a task's state folder: how the task ended, sealed with a checksum, because a master is told whatever
// stands there.
//
// Free functions; they block on the disk. Written by the process that ends the task: its host, or the requester of a
// dead host.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "model/request.h"
#include "process/process_info.h"

namespace porpoise {

// Says in a result which processes of its task SIGKILL did not end.
void add_survivors(TaskResult& result, const std::vector<ProcessInfo>& survivors);

// On disk, and synced, when this returns.
Status write_result(const std::filesystem::path& state_dir, const TaskResult& result);

// Errors: ErrorCode::kNotFound: it has not ended. ErrorCode::kInvalid: the file is damaged, or of a version that this
// one cannot read. One without a checksum is taken as it is.
Result<TaskResult> read_result(const std::filesystem::path& state_dir);

}  // namespace porpoise
