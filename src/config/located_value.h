// One value of a configuration file and where it stands: what the readers of YAML, properties and env scripts give.
// A value.
#pragma once

#include <cstddef>
#include <string>

namespace porpoise {

struct LocatedValue {
  std::string key;  // "worker.exec-threads"; an element of a list ends in "[0]"
  std::string text;
  std::size_t line = 0;  // 1-based
  bool is_null = false;  // the key is there without a value
};

}  // namespace porpoise
