// The accepted tasks on disk, one folder each, until a master has acknowledged their end. The folder is the outbox:
// what is there after a crash is exactly what somebody still waits for.
//
//   <root>/<task instance>/dispatch.json   as it came from the master
//                          master          who is told, when that has changed
//                          abandoned        nobody is told: its masters run it elsewhere
//                          alerted         the alert server has answered to its alert
//                          request.json … result.json   see task/host_protocol.h
//
// Blocks on the disk; the control thread. Files are replaced whole, so a crash leaves the old content or the new. Only
// how a task ended is synced: after a power cut the session is not resumed, and masters run the tasks anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/request.h"

namespace porpoise {

class TaskStore {
 public:
  explicit TaskStore(std::filesystem::path root) : root_(std::move(root)) {}

  // Makes the folder and writes to it once: an error now is better than one per task.
  Status prepare() const;

  std::filesystem::path folder(std::int64_t task_instance_id) const { return root_ / std::to_string(task_instance_id); }
  Status keep(std::int64_t task_instance_id, std::string_view dispatch_body) const;
  Status keep_master(std::int64_t task_instance_id, const std::string& master) const;
  Status keep_result(const TaskResult& result) const;
  Status abandon(std::int64_t task_instance_id) const;
  // Unless it has been forgotten meanwhile.
  Status keep_alerted(std::int64_t task_instance_id) const;
  // Moves its folder out of the way; where to, for somebody to remove it. Empty: there was none.
  Result<std::filesystem::path> forget(std::int64_t task_instance_id) const;

  struct Found {
    std::int64_t task_instance_id = 0;
    std::string dispatch_body;
    std::string master;                  // empty: the dispatch says
    std::optional<TaskRequest> request;  // none: it has not been started
    bool host_began = false;             // a host lives, or lived for long enough to say who it was
    bool abandoned = false;
    bool alerted = false;
    std::int64_t start_time_ms = 0;    // epoch, of the request
    std::optional<TaskResult> result;  // none: it has not ended, or …
    std::string damage;                // … its result cannot be read, and why; it is put aside as result.json.broken
  };
  Result<Found> find(std::int64_t task_instance_id) const { return read(folder(task_instance_id)); }
  // What an earlier run of the worker left, oldest first. What cannot be read is put aside as <name>.broken and said.
  std::vector<Found> scan(std::vector<std::string>& problems) const;

 private:
  Result<Found> read(const std::filesystem::path& folder) const;

  std::filesystem::path root_;
};

}  // namespace porpoise
