// The doctor's examinations, from the outside in. Each adds what it found; all block for seconds at most.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "openmldb/config.h"
#include "openmldb/doctor/finding.h"

namespace porpoise::openmldb {

struct Patient {
  std::string zk, zk_path;
  Config config;
  std::optional<std::string> apiserver;  // that a task would use; without one it uses the SDK
  std::string environment;               // bash text, as before a task's command
  std::filesystem::path folder;          // for files of the examination
};

// ZooKeeper and, by what it says, the servers of the cluster. Whether the SDK can be expected to connect.
bool check_cluster(const Patient& patient, Findings& findings);

void check_apiserver(const Patient& patient, Findings& findings);

// The interpreter, the SDK, and where `connects` a session with the cluster. Faults only where a task would use it.
void check_sdk(const Patient& patient, bool connects, Findings& findings);

}  // namespace porpoise::openmldb
