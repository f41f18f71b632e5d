#include "config/config.h"

#include <set>

#include "base/file.h"
#include "base/text.h"
#include "config/settings_table.h"
#include "config/yaml.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxBytes = 1U << 20U;

tl::unexpected<Error> unknown_key(const YAML::Node& node) {
  const std::string key = node.IsScalar() ? node.Scalar() : "";
  const std::string hint =
      find_setting(key) != nullptr ? " (it belongs below 'worker')" : did_you_mean(key, {"plugins", "worker"});
  return invalid_yaml(node, "unknown key '" + key + "'" + hint + ", known: plugins, worker");
}

Status read_plugins(const YAML::Node& plugins, YamlConverter& converter, Config& config) {
  if (plugins.IsNull()) return {};
  if (!plugins.IsMap()) return invalid_yaml(plugins, "'plugins' must map task types to their settings");
  PORPOISE_TRY(config.plugins, converter.to_json(plugins));
  for (const auto& [type, section] : config.plugins.items()) {
    if (!section.is_object()) return invalid_yaml(plugins[type], "'plugins." + type + "' must be a mapping");
  }
  return {};
}

Status read_worker(const YAML::Node& worker, YamlConverter& converter, Config& config) {
  if (worker.IsNull()) return {};
  if (!worker.IsMap()) return invalid_yaml(worker, "'worker' must be a mapping of its keys");
  if (worker.size() == 0) return {};
  PORPOISE_TRY(config.worker, converter.flatten(worker));
  return {};
}

Result<Config> config_from(const YAML::Node& root) {
  Config config;
  if (root.IsNull()) return config;
  if (!root.IsMap()) return invalid_yaml(root, "expected a mapping such as 'plugins:'");
  YamlConverter converter;
  std::set<std::string> seen;
  for (const auto& member : root) {
    const std::string key = member.first.IsScalar() ? member.first.Scalar() : "";
    if (key != "plugins" && key != "worker") return unknown_key(member.first);
    if (!seen.insert(key).second) return invalid_yaml(member.first, "key '" + key + "' is there twice");
    if (key == "plugins") config.plugins_line = static_cast<std::size_t>(member.first.Mark().line) + 1;
    PORPOISE_TRY_VOID(key == "plugins" ? read_plugins(member.second, converter, config)
                                       : read_worker(member.second, converter, config));
  }
  return config;
}

}  // namespace

Json Config::plugin(std::string_view type_id) const {
  const auto found = plugins.find(type_id);
  return found == plugins.end() ? Json::object() : *found;
}

Result<Config> parse_config(std::string_view yaml) {
  PORPOISE_TRY(const std::vector<YAML::Node> documents, load_yaml(yaml));
  if (documents.empty()) return Config{};
  if (documents.size() > 1) return invalid_yaml(documents[1], "a second document; porpoise.yaml is one");
  try {
    return config_from(documents[0]);
  } catch (const YAML::Exception& error) {  // a node that yaml-cpp cannot look into
    return fail(ErrorCode::kInvalid, error.msg);
  }
}

Result<Config> load_config(const std::filesystem::path& file) {
  const auto text = read_file(file, kMaxBytes);
  if (!text && text.error().code() == ErrorCode::kDenied)
    return fail(ErrorCode::kDenied, text.error().to_string() + "; let the user that runs porpoise read it");
  if (!text) return fail(text.error());
  auto config = parse_config(*text);
  if (!config) return fail(Error(ErrorCode::kInvalid, file.string() + ": " + config.error().to_string()));
  config->file = file;
  return config;
}

std::vector<std::filesystem::path> config_search_path(std::string_view xdg_config_home, std::string_view home) {
  std::vector<std::filesystem::path> path{"porpoise.yaml"};
  if (!xdg_config_home.empty())
    path.push_back(std::filesystem::path(xdg_config_home) / "porpoise/porpoise.yaml");
  else if (!home.empty())
    path.push_back(std::filesystem::path(home) / ".config/porpoise/porpoise.yaml");
  path.emplace_back("/etc/porpoise/porpoise.yaml");
  return path;
}

Result<Config> find_config(const std::vector<std::filesystem::path>& candidates) {
  for (const auto& candidate : candidates) {
    std::error_code ignored;
    if (std::filesystem::exists(candidate, ignored)) return load_config(candidate);
  }
  return Config{};
}

}  // namespace porpoise
