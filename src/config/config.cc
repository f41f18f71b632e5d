#include "config/config.h"

#include <yaml-cpp/yaml.h>

#include "base/file.h"
#include "base/nearest.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxBytes = 1U << 20U;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes =
    100000;  // aliases are copied when JSON is made of them: ten lines can ask for 10^9 nodes

std::string position(const YAML::Mark& mark) {
  if (mark.is_null()) return "";
  return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) + ": ";
}

tl::unexpected<Error> invalid(const YAML::Node& node, const std::string& what) {
  return fail(Code::kInvalid, position(node.Mark()) + what);
}

// A scalar as YAML 1.2's core schema reads it; a quoted one (tag "!") is text.
Json scalar_to_json(const YAML::Node& node) {
  if (node.Tag() == "!") return node.Scalar();
  if (std::int64_t number = 0; YAML::convert<std::int64_t>::decode(node, number)) return number;
  if (double number = 0; YAML::convert<double>::decode(node, number)) return number;
  if (node.Scalar() == "true" || node.Scalar() == "false") return node.Scalar() == "true";
  return node.Scalar();
}

class Converter {
 public:
  Result<Json> convert(const YAML::Node& node, std::size_t depth = 0) {
    if (depth > kMaxDepth) return invalid(node, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    if (++nodes_ > kMaxNodes) return invalid(node, "more than " + std::to_string(kMaxNodes) + " values");
    if (node.IsScalar()) return scalar_to_json(node);
    if (node.IsSequence()) return sequence(node, depth);
    if (node.IsMap()) return map(node, depth);
    return Json();
  }

 private:
  Result<Json> sequence(const YAML::Node& node, std::size_t depth) {
    Json array = Json::array();
    for (const YAML::Node& element : node) {
      PORPOISE_TRY(Json value, convert(element, depth + 1));
      array.push_back(std::move(value));
    }
    return array;
  }

  Result<Json> map(const YAML::Node& node, std::size_t depth) {
    Json object = Json::object();
    for (const auto& member : node) {
      if (!member.first.IsScalar()) return invalid(member.first, "a key must be a plain word");
      const std::string& key = member.first.Scalar();
      if (object.contains(key)) return invalid(member.first, "key '" + key + "' is there twice");
      PORPOISE_TRY(object[key], convert(member.second, depth + 1));
    }
    return object;
  }

  std::size_t nodes_ = 0;
};

Status check_keys(const YAML::Node& root) {
  const std::vector<std::string> known{"plugins"};
  for (const auto& member : root) {
    const std::string key = member.first.IsScalar() ? member.first.Scalar() : "";
    if (key == known[0]) continue;
    return invalid(member.first, "unknown key '" + key + "'" + did_you_mean(key, known) + ", known: plugins");
  }
  return {};
}

Result<Config> config_from(const YAML::Node& root) {
  Config config;
  if (root.IsNull()) return config;
  if (!root.IsMap()) return invalid(root, "expected a mapping such as 'plugins:'");
  PORPOISE_CHECK(check_keys(root));
  const YAML::Node plugins = root["plugins"];
  if (!plugins || plugins.IsNull()) return config;
  if (!plugins.IsMap()) return invalid(plugins, "'plugins' must map task types to their settings");
  PORPOISE_TRY(config.plugins, Converter().convert(plugins));
  for (const auto& [type, section] : config.plugins.items()) {
    if (!section.is_object()) return invalid(plugins[type], "'plugins." + type + "' must be a mapping");
  }
  return config;
}

}  // namespace

Json Config::plugin(std::string_view type_id) const {
  const auto found = plugins.find(type_id);
  return found == plugins.end() ? Json::object() : *found;
}

Result<Config> parse_config(std::string_view yaml) {
  try {
    return config_from(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& error) {
    return fail(Code::kInvalid, position(error.mark) + error.msg);
  }
}

Result<Config> load_config(const std::filesystem::path& file) {
  PORPOISE_TRY(const std::string text, read_file(file, kMaxBytes));
  auto config = parse_config(text);
  if (!config) return fail(Error(Code::kInvalid, file.string() + ": " + config.error().to_string()));
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
