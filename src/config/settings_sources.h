// All that the worker's configuration is made of, as text: files, environment, flags. The one place that reads the
// files; worker_settings.h makes values of it. A value.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/ds/ds_conf.h"
#include "config/env_script.h"

namespace porpoise {

using FlagValues = std::vector<std::pair<std::string, std::string>>;  // key ("resources.type") and value

struct SettingsSources {
  // The files of --ds-conf, those that are there.
  std::filesystem::path ds_conf;  // absolute
  std::optional<ConfigText> application_yaml;
  std::optional<ConfigText> common_properties;
  std::optional<ConfigText> env_script;
  Config porpoise_yaml;
  Variables environment;
  FlagValues flags;
};

// `config_file` and `ds_conf` may be empty: PORPOISE_CONFIG and PORPOISE_DS_CONF count, then config_search_path.
Result<SettingsSources> read_settings_sources(std::filesystem::path config_file, std::filesystem::path ds_conf,
                                              Variables environment, FlagValues flags);

}  // namespace porpoise
