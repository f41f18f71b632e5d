// Where the files of a task lie on this worker, made of what its master says. No other code makes a path of a text that
// came over the wire, but for resources, which model/resource_order.h judges by the same rules.
//
// A value; pure; any thread. Promise: whatever a dispatch says, its log is in a folder of a day below `log_dir`, and
// its working directory five folders below `execute_root`.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "engine/accepted_task.h"
#include "wire/messages.h"

namespace porpoise {

struct TaskPaths {
  std::string log_dir;
  std::string execute_root;

  // <log dir>/<yyyyMMdd of the first submit>/<code>_<version>-<workflow instance>-<task instance>.log (3.1 `LogUtils`).
  // Masters store it and ask for it long afterwards. A task without a submit time counts as submitted `now`.
  std::string log_path(const wire::TaskContext& context, const TimeZone& zone, std::int64_t now_ms) const;

  // <root>/ and TaskFolder::path(), of model/safe_path.h, with its error.
  Result<std::string> execute_path(const wire::TaskContext& context) const;

  // A task as it begins on this worker; what makes no sense in its dispatch is its defect.
  AcceptedTask accepted(const wire::DispatchTask& dispatch, const TimeZone& zone, std::int64_t now_ms) const;
};

}  // namespace porpoise
