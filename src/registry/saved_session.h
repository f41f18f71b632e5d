// The ZooKeeper session of this worker on disk, so that a restarted one takes it over and no master sees a removal.
//
// A value, free functions that read and write one small file, and the file of one worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

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

// The file of one worker: it has the session that a later process may take over, or it is not there.
//
// Owned by Registration; any thread. What may wait is one small write to the state folder.
class SessionFile {
 public:
  // An empty path: there is no file, ever.
  SessionFile(std::filesystem::path file, bool allowed) : file_(std::move(file)), allowed_(allowed) {}

  const std::filesystem::path& path() const { return file_; }
  // This session lives now: writes it, if that is allowed.
  Status keep(SavedSession session);
  // It has ended.
  void forget();
  // Whether it may be taken over. On disk when this returns.
  Status allow(bool allowed);

 private:
  Status write();
  void remove();

  const std::filesystem::path file_;
  std::mutex mutex_;
  bool allowed_;
  std::optional<SavedSession> session_;
};

}  // namespace porpoise
