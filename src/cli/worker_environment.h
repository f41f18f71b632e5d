// Around the assembly of the worker in worker.cc: its flags, what it finds on the machine before it starts, and how it
// is, for those who ask over HTTP. Values and free functions; main thread.
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
#include "logs/log_root.h"
#include "net/alert_sender.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/http_server.h"
#include "observe/metrics.h"
#include "registry/registration.h"
#include "store/data_dir_lock.h"
#include "store/task_store.h"
#include "taskdir/result_seal.h"
#include "worker/membership.h"
#include "worker/task_request.h"

namespace porpoise {

// The flags of the worker's configuration, one per key of config/settings_table.h, for every command that has them.
struct WorkerFlags {
  std::filesystem::path config;   // --config, porpoise.yaml
  std::filesystem::path ds_conf;  // --ds-conf, the folder of a stock worker's configuration
  FlagValues values;              // those that were given
};

Variables process_environment();

// With the files as they are now, and the environment of this process unless another one is given.
Result<ResolvedSettings> resolve_worker_flags(const WorkerFlags& flags, Variables variables = process_environment());

// Takes the secrets out of the environment, where tasks would inherit them and /proc would show them. Call it once they
// are resolved, before threads start.
void hide_secrets();

// What a worker cannot do without, found before anything of it lives: folders, its address, the host binary, and what
// its settings mean.
//
// Made once by cli/worker.cc on the control thread; a plain value. Each error ends the start, and names what to change.
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

Result<WorkerEnvironment> find_worker_environment(const WorkerConfig& config);

// How a worker is, put together from its parts for those who ask over HTTP. Control thread.
WorkerGauges levels(const WorkerConfig& config, const Engine& engine, const Membership& membership,
                    const Listener& listener, const MasterLinks& links, const AlertSender& alerts);

// `overload` as WorkerHeartbeat says it: a remark, since a busy worker is well.
HealthReport health(const Engine& engine, const std::string& overload);

}  // namespace porpoise
