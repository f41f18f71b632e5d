// `result.json` of a task's state folder: how the task ended, with a checksum, because a master is told whatever stands
// there, and the seal of the worker whose host wrote it (result_seal.h), because a task may write there, too.
//
// Free functions; they block on the disk. Written by the process that ends the task: its host, or the requester of a
// dead host.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "model/request.h"
#include "process/process_info.h"
#include "taskdir/result_seal.h"

namespace porpoise {

// Says in a result which processes of its task SIGKILL did not end.
void add_survivors(TaskResult& result, const std::vector<ProcessInfo>& survivors);

// On disk, and synced, when this returns. `seal`: null where there is no worker.
Status write_result(const std::filesystem::path& state_dir, const TaskResult& result, const ResultSeal* seal);

// Errors: ErrorCode::kNotFound: it has not ended. ErrorCode::kInvalid: the file is damaged, or of a version that this
// one cannot read. ErrorCode::kDenied: it is no result that a host of this worker wrote for this task. One without a
// checksum is taken as it is; with `seal`, one without a seal is not.
Result<TaskResult> read_result(const std::filesystem::path& state_dir, std::int64_t task_instance_id,
                               const ResultSeal* seal);

}  // namespace porpoise
