// The flags of the worker's configuration, one per key of config/settings_table.h, for every command that has them.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "config/worker_settings.h"

namespace porpoise {

struct WorkerFlags {
  std::filesystem::path config;   // --config, porpoise.yaml
  std::filesystem::path ds_conf;  // --ds-conf, the folder of a stock worker's configuration
  FlagValues values;              // those that were given
};

// With the files and the environment of this process.
Result<ResolvedSettings> resolve_worker_flags(const WorkerFlags& flags);

// Takes the secrets out of the environment, where tasks would inherit them and /proc would show them. Call it once they
// are resolved, before threads start.
void hide_secrets();

}  // namespace porpoise
