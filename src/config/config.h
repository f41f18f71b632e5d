// porpoise.yaml: read once, then immutable. One file serves `porpoise replay`, which reads its plugins, and `porpoise
// worker`, whose keys worker_settings.h knows.
//
//   plugins:
//     OPENMLDB:
//       apiservers:
//         "127.0.0.1:2181/openmldb": http://127.0.0.1:9080
//   worker:
//     zookeeper: zk1:2181,zk2:2181
//     resources: {type: file, url: "file:///mnt/shared"}
//
// A value; pure except load_config and find_config.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/yaml.h"

namespace porpoise {

struct Config {
  std::filesystem::path file;     // empty: there was none
  Json plugins = Json::object();  // type id -> the section that plugin gets as its configuration
  std::size_t plugins_line = 0;
  std::vector<LocatedValue> worker;  // keys below `worker`, not yet checked: "exec-threads", "resources.type"

  // The section of one task type; an empty object when there is none.
  Json plugin(std::string_view type_id) const;
};

// Errors name line and column, and for an unknown key the one that was probably meant.
Result<Config> parse_config(std::string_view yaml);
Result<Config> load_config(const std::filesystem::path& file);

// Where a configuration is looked for when none is given: ./porpoise.yaml, the user's, the machine's. Empty environment
// values count as unset.
std::vector<std::filesystem::path> config_search_path(std::string_view xdg_config_home, std::string_view home);

// The first file of `candidates` that exists, or an empty configuration.
Result<Config> find_config(const std::vector<std::filesystem::path>& candidates);

}  // namespace porpoise
