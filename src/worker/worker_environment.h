// What a worker needs of the machine that it starts on, and what its settings mean there: looked for before anything of
// the worker lives. Values and free functions that look at the system; control thread, at the start.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/network_address.h"
#include "base/result.h"
#include "config/worker_config.h"
#include "config/worker_settings.h"
#include "engine/engine.h"
#include "launcher/launch_host.h"
#include "logs/log_root.h"
#include "registry/registration.h"
#include "store/data_dir_lock.h"
#include "store/task_store.h"
#include "taskdir/result_file.h"
#include "worker/task_request.h"

namespace porpoise {

// What a worker cannot do without: folders, its address, the host binary, and the addresses that its settings name.
//
// Made once, by Daemon; a plain value, whose parts Daemon hands to those who need them.
struct WorkerEnvironment {
  DataDirLock lock;  // first taken, last released: no other worker has the data folder meanwhile
  WorkerPaths paths;
  TaskStore store;  // its folder is there and can be written
  LogRoot log_root;
  std::shared_ptr<const ResultSeal> seal;
  std::vector<std::string> warnings;  // for the log
  std::filesystem::path host_binary;
  std::string address;  // as registered
  RegistrationOptions registration;
  AddressRanges named_masters;  // in addition to those that register
  AddressRanges log_peers;
};

// `variables`: the environment of the process, where Kubernetes shows itself. Each error ends the start, and names what
// to change.
Result<WorkerEnvironment> find_worker_environment(const WorkerConfig& config, const Variables& variables);

// The address that this worker registers; may block on a name server.
Result<std::string> own_address(const WorkerConfig& config, const Variables& variables);

// What keeps tasks apart from this worker and from each other and is missing on this machine or by this configuration,
// one line each for the log: tenants that cannot be become, and what tasks could do to a worker whose user they share.
// Empty where nothing is.
std::vector<std::string> gaps_between_tasks(const WorkerConfig& config);

// Of the same settings, what the rules and the task hosts are told.
EngineSettings engine_settings(const WorkerConfig& config, const WorkerEnvironment& environment);
HostSettings host_settings(const WorkerConfig& config, const WorkerEnvironment& environment);

}  // namespace porpoise
