// The values of a configuration file and where they stand, and YAML from outside under the caps that all of porpoise's
// YAML shares: bytes, depth, values, and text that aliases multiply. Pure.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace porpoise {

// One value of a configuration file and where it stands: what the readers of YAML, properties and env scripts give.
// A value.
struct LocatedValue {
  std::string key;  // "worker.exec-threads"; an element of a list ends in "[0]"
  std::string text;
  std::size_t line = 0;  // 1-based
  bool is_null = false;  // the key is there without a value
};

// YAML from outside, under the caps that all of porpoise's YAML shares: bytes, depth, values, and text that aliases
// multiply. Pure; used by the readers of this folder only.

// Where YAML nodes become values of porpoise; one budget for everything made from one file.
class YamlConverter {
 public:
  Result<Json> to_json(const YAML::Node& node) { return json_of(node, 0); }

  // All scalars below `node`, in order; keys of nested mappings are joined by dots. A mapping or list without anything
  // in it is a null value.
  Result<std::vector<LocatedValue>> flatten(const YAML::Node& node);

 private:
  Status spend(const YAML::Node& node, std::size_t depth, std::size_t bytes);
  Result<Json> json_of(const YAML::Node& node, std::size_t depth);
  Result<Json> list_of(const YAML::Node& node, std::size_t depth);
  Result<Json> object_of(const YAML::Node& node, std::size_t depth);
  Status flatten_into(const YAML::Node& node, LocatedValue at, std::size_t depth, std::vector<LocatedValue>& values);
  Status flatten_members(const YAML::Node& node, const LocatedValue& at, std::size_t depth,
                         std::vector<LocatedValue>& values);

  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_set<std::string> keys_;  // of the document being flattened
};

// The documents of `text`; none when it is empty. Errors: "line L, column C: …".
Result<std::vector<YAML::Node>> load_yaml(std::string_view text);

// ErrorCode::kInvalid with the place of `node`.
tl::unexpected<Error> invalid_yaml(const YAML::Node& node, const std::string& what);

}  // namespace porpoise
