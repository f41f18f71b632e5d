// The accepted tasks on disk, one folder each, until a master has acknowledged their end. The folder is the outbox:
// what is there after a crash is exactly what a master still waits for.
//
//   <root>/<task instance>/dispatch.json   as it came from the master
//                          master          who is told, and what else it takes to tell, when the dispatch is damaged
//                          disowned        no master is told: they run it elsewhere
//                          alerted         the alert server has answered to its alert
//                          request.json … result.json   see model/host_protocol.h
//
// A value without state; any thread; every function blocks on the disk. The functions about one task must not run at
// the same time: StateKeeper sees to that. Files are replaced whole, so a crash leaves the old content or the new. Only
// how a task ended is synced: after a power cut the session is not resumed, and masters run the tasks anew. Any file
// may be damaged all the same; what can be read of the others is reported, and a folder with a living host is never
// cleared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/request.h"
#include "taskdir/result_file.h"

namespace porpoise {

// What it takes to tell a master of a task whose dispatch cannot be read.
struct TaskContact {
  std::string master;  // host:port
  std::int64_t process_instance_id = 0;
  std::string log_path;
  std::string execute_path;
};

// The task instance whose folder is named so; 0: it is no task's. Pure.
std::int64_t task_id_of(const std::filesystem::path& folder);

class TaskStore {
 public:
  // `seal`: of the results that may be in there; null: of any.
  explicit TaskStore(std::filesystem::path root, std::shared_ptr<const ResultSeal> seal = nullptr)
      : root_(std::move(root)), seal_(std::move(seal)) {}

  // Makes the folder and writes to it once: an error now is better than one per task.
  Status prepare() const;

  std::filesystem::path folder(std::int64_t task_instance_id) const { return root_ / std::to_string(task_instance_id); }
  // A new task. Not for a folder with a living host: look with find() first. What else is left there from before is
  // moved out of the way; where to, to be removed. Empty: there was nothing. After an error nothing is left
  // that looks like a task.
  Result<std::filesystem::path> keep(std::int64_t task_instance_id, std::string_view dispatch_body,
                                     const TaskContact& contact) const;
  Status keep_contact(std::int64_t task_instance_id, const TaskContact& contact) const;
  Status keep_result(const TaskResult& result) const;
  Status abandon(std::int64_t task_instance_id) const;
  // Unless it has been forgotten meanwhile.
  Status keep_alerted(std::int64_t task_instance_id) const;
  // Moves its folder out of the way; where to, to be removed. Empty: there was none.
  Result<std::filesystem::path> forget(std::int64_t task_instance_id) const;

  // One folder, as far as it can be read.
  struct Found {
    std::int64_t task_instance_id = 0;
    std::optional<std::string> dispatch_body;  // none: damaged or gone
    std::optional<TaskContact> contact;        // none: damaged, gone, or of a worker that only kept it when it changed
    std::optional<TaskRequest> request;        // none: it has not been started, or …
    bool requested = false;                    // … its request is damaged
    bool host_lives = false;                   // it holds the lock of the folder
    bool host_began = false;                   // it lives, or lived for long enough to say who it was
    bool abandoned = false;
    bool alerted = false;
    std::int64_t start_time_ms = 0;    // epoch, of the request
    std::optional<TaskResult> result;  // none: it has not ended, or …
    bool result_damaged = false;       // … its result is damaged; it is put aside as result.json.broken
    std::vector<std::string> damage;   // each file that cannot be read, and why
  };
  // Nothing: there is no such folder.
  std::optional<Found> find(std::int64_t task_instance_id) const;
  // Whether a task host works there.
  bool occupied(std::int64_t task_instance_id) const;

  // Those that have a folder, whatever is in it.
  std::set<std::int64_t> ids() const;

  struct Scan {
    std::vector<Found> tasks;  // oldest first
    std::vector<std::string>
        problems;  // of what is named like a task's folder but is not one; put aside as <name>.broken
    std::vector<std::filesystem::path> leftovers;  // to be removed: forgotten, or never accepted
  };
  // What an earlier run of the worker left.
  Scan scan() const;

 private:
  Result<std::filesystem::path> try_to_keep(std::int64_t task_instance_id, std::string_view dispatch_body,
                                            const TaskContact& contact) const;
  Found read(const std::filesystem::path& folder, std::int64_t task_instance_id) const;

  std::filesystem::path root_;
  std::shared_ptr<const ResultSeal> seal_;
};

}  // namespace porpoise
