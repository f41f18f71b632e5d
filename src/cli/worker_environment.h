// What a worker cannot do without, found before anything of it lives: folders, its address, the host binary, and what
// its settings mean.
//
// Made once by cli/worker.cc on the control thread; a plain value. Each error ends the start, and names what to change.
#pragma once

#include <filesystem>
#include <string>

#include "base/network_address.h"
#include "base/result.h"
#include "config/worker_config.h"
#include "logs/log_root.h"
#include "registry/registration.h"
#include "store/task_store.h"
#include "worker/worker_paths.h"

namespace porpoise {

struct WorkerEnvironment {
  WorkerPaths places;
  TaskStore store;  // its folder is there and can be written
  LogRoot log_root;
  std::filesystem::path host_binary;
  std::string address;  // as registered
  RegistrationOptions registration;
  AddressRanges named_masters;  // beside those that register
  AddressRanges log_peers;
};

Result<WorkerEnvironment> find_worker_environment(const WorkerConfig& config);

}  // namespace porpoise
