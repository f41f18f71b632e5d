// The ZooKeeper session of this worker on disk, so that a restarted one takes it over and no master sees a removal.
//
// A value and free functions that read and write one small file.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "registry/zookeeper_handle.h"

namespace porpoise {

struct SavedSession {
  ZookeeperSession session;
  std::string servers;  // the connect string
  std::string name_space;
  std::string address;
  std::string boot_id;  // of the machine: after a reboot no task lives, and masters should know at once
  std::int64_t startup_time_ms = 0;
};

// Mode 0600: whoever knows the password can end the session.
Status save_session(const std::filesystem::path& file, const SavedSession& saved);

// Nothing when there is no such file; an error when it is damaged.
Result<std::optional<SavedSession>> load_session(const std::filesystem::path& file);

}  // namespace porpoise
