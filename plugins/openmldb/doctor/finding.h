// What the doctor has found out about one part of a cluster, or of this machine. A value.
#pragma once

#include <string>
#include <vector>

namespace porpoise::openmldb {

enum class Level {
  kOk,
  kNote,   // worth knowing, but tasks run
  kFault,  // tasks fail
};

struct Finding {
  Level level = Level::kOk;
  std::string part;  // "TaskManager"
  std::string what;
  std::string fix = {};  // of a fault: what to do
};

using Findings = std::vector<Finding>;

}  // namespace porpoise::openmldb
