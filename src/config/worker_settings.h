// Where the configuration of `porpoise worker` comes from: each value with its origin, and what was ignored.
//
// Lowest to highest: default, files of --ds-conf, porpoise.yaml, the stock worker's environment variables, PORPOISE_…
// variables, flags. Pure: settings_sources.h is where files are read. Values; any thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings_sources.h"
#include "config/worker_config.h"

namespace porpoise {

struct ResolvedSetting {
  std::string key;
  std::string value;       // as people may see it: a secret is "****"
  std::string origin;      // "default", "porpoise.yaml line 7", "environment PORPOISE_ZOOKEEPER", "flag --zookeeper"
  std::string when_empty;  // what it means that `value` is empty
};

struct ResolvedSettings {
  WorkerConfig config;
  std::vector<ResolvedSetting> settings;                 // every key, in the order of the table
  std::vector<std::string> ignored;                      // stock keys without effect: place, key, reason
  std::vector<std::filesystem::path> files;              // all that was read
  std::map<std::filesystem::path, std::string> secrets;  // which of them has a secret, and one key of it
};

// Errors name origin, key, value and what is accepted; for an unknown key the one that was probably meant.
Result<ResolvedSettings> resolve_settings(const SettingsSources& sources);

}  // namespace porpoise
