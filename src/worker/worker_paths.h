// Where the files of a task lie on this worker. Pure.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/clock.h"
#include "engine/accepted_task.h"
#include "wire/messages.h"

namespace porpoise {

struct WorkerPaths {
  std::filesystem::path log_dir;
  std::filesystem::path data_dir;

  std::filesystem::path state_root() const { return data_dir / "tasks"; }
  std::filesystem::path session_file() const { return data_dir / "session.json"; }

  // <log dir>/<yyyyMMdd of the first submit>/<code>_<version>-<workflow instance>-<task instance>.log (3.1 `LogUtils`).
  // Masters store it and ask for it long afterwards. A task without a submit time counts as submitted `now`.
  std::filesystem::path log_path(const wire::TaskContext& context, const TimeZone& zone, std::int64_t now_ms) const;

  // <data dir>/exec/process/<tenant>/<project>/<code>_<version>/<workflow instance>/<task instance>
  // (3.1 `FileUtils.getProcessExecDir`).
  std::filesystem::path execute_path(const wire::TaskContext& context) const;

  // A task as it begins on this worker.
  AcceptedTask accepted(const wire::DispatchTask& dispatch, const TimeZone& zone, std::int64_t now_ms) const;
};

}  // namespace porpoise
