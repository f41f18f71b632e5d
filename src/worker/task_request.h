// From a dispatch to what its task host is asked: the paths of a task, and its request.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/worker_config.h"
#include "engine/accepted_task.h"
#include "model/request.h"
#include "plugin/catalog.h"
#include "wire/messages.h"

namespace porpoise {

// Where the files of this worker lie. Pure.
struct WorkerPaths {
  std::filesystem::path log_dir;
  std::filesystem::path data_dir;

  std::filesystem::path state_root() const { return data_dir / "tasks"; }
  std::filesystem::path session_file() const { return data_dir / "session.json"; }
  std::filesystem::path seal_file() const { return data_dir / "seal.json"; }  // taskdir/result_file.h
  std::filesystem::path lease_file() const { return data_dir / "lease"; }     // taskdir/liveness.h

  // What masters say becomes a path there alone.
  TaskPaths tasks() const { return {log_dir.string(), (data_dir / "exec/process").string()}; }
};

// From what a master dispatched to what a task host is asked to do. Pure except for the tenant, who is looked up
// before. `run_as`: see tenant.h. Errors name the missing plugin, or the resource that cannot be fetched.
Result<TaskRequest> make_task_request(const AcceptedTask& task, const WorkerConfig& config, const Catalog& catalog,
                                      const std::string& run_as);

// What log and result need of a task whose request cannot be made, or cannot be read again.
TaskRequest unmade_request(const AcceptedTask& task);

}  // namespace porpoise
