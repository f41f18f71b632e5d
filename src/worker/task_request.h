// From what a master dispatched to what a task host is asked to do. Pure but for the tenant, who is looked up before.
#pragma once

#include <string>

#include "base/result.h"
#include "config/worker_config.h"
#include "engine/accepted_task.h"
#include "model/request.h"
#include "plugin/catalog.h"

namespace porpoise {

// `run_as`: see tenant.h. Errors name the missing plugin, or the resource that cannot be fetched.
Result<TaskRequest> make_task_request(const AcceptedTask& task, const WorkerConfig& config, const Catalog& catalog,
                                      const std::string& run_as);

// What log and result need of a task whose request cannot be made, or cannot be read again.
TaskRequest unmade_request(const AcceptedTask& task);

}  // namespace porpoise
