// Where the configuration of `porpoise worker` comes from: the sources as text, each value with its origin, what was
// ignored, and whether the files can be trusted. Values; any thread.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/ds/ds_conf.h"
#include "config/worker_config.h"

namespace porpoise {

// All that the worker's configuration is made of, as text: files, environment, flags. A value.
using FlagValues = std::vector<std::pair<std::string, std::string>>;  // key ("resources.type") and value

struct SettingsSources {
  // The files of --ds-conf, those that are there.
  std::filesystem::path ds_conf;  // absolute
  std::optional<ConfigText> application_yaml;
  std::optional<ConfigText> common_properties;
  std::optional<EnvScript> env_script;
  Config porpoise_yaml;
  Variables environment;
  FlagValues flags;
};

// The one place that reads the files, and has bash source dolphinscheduler_env.sh where no other user can change that.
// `config_file` and `ds_conf` may be empty: PORPOISE_CONFIG and PORPOISE_DS_CONF count, then config_search_path.
Result<SettingsSources> read_settings_sources(std::filesystem::path config_file, std::filesystem::path ds_conf,
                                              Variables environment, FlagValues flags);

// Where the configuration of `porpoise worker` comes from: each value with its origin, and what was ignored.
//
// Lowest to highest: default, files of --ds-conf, porpoise.yaml, the stock worker's environment variables, PORPOISE_…
// variables, flags. Pure: read_settings_sources() is where files are read. Values; any thread.
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

// Errors name origin, key, value and what is accepted, for an unknown key the one that was probably meant; all mistakes
// are in one error, a line each. In resolve_settings.cc.
Result<ResolvedSettings> resolve_settings(const SettingsSources& sources);

// A key whose value differs between two readings of the sources. Values as people may see them; those of `plugins` are
// not shown.
struct SettingChange {
  std::string key;
  std::string before;
  std::string after;
  bool at_run_time = false;  // else only a restart takes it over
};

// In the order of the table, with "plugins" last. Pure.
std::vector<SettingChange> changes_between(const ResolvedSettings& before, const ResolvedSettings& after);

// The files that decide what a worker runs, and as whom: whether another user can change them, or read the secrets in
// them.
//
// Looks at modes and owners; any thread. The rule is that of plugins (base/file.h).
struct FileTrust {
  std::vector<std::string> distrusted;  // no worker is to start with these: which file, why, and what helps
  std::vector<std::string> exposed;     // secrets that every user of the machine may read
};

// Of all that was read, and of env-file, which every task sources.
FileTrust judge_files(const ResolvedSettings& settings);

}  // namespace porpoise
