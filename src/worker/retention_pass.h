// What retention removes, and how: one look through the task logs and the folders that tasks have left, in turns.
//
// Pure rule and a class without thread. What is in use, or was changed within the last hour, is never removed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "logs/log_root.h"

namespace porpoise {

struct RetentionRules {
  std::chrono::milliseconds max_age{0};  // 0: no limit
  std::uint64_t max_total_bytes = 0;     // of all task logs together; 0: no limit

  bool any() const { return max_age.count() > 0 || max_total_bytes > 0; }
};

using TaskIds = std::set<std::int64_t>;  // of task instances

// A task log that is there.
struct KeptLog {
  std::string name;  // below the log folder: "20260131/7_1-2-3.log"
  std::int64_t task_instance_id = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ms = 0;  // epoch
};

// The names of those to remove: what is older than the rules say, then the oldest until the rest fits into the total.
// Pure.
std::vector<std::string> logs_to_remove(std::vector<KeptLog> logs, const RetentionRules& rules, const TaskIds& in_use,
                                        std::int64_t now_ms);

struct Removed {
  std::size_t logs = 0;
  std::uint64_t log_bytes = 0;
  std::size_t folders = 0;   // working directories, and state that had been put aside as damaged
  std::size_t refused = 0;   // could not be removed
  std::string problem = {};  // of the last of these

  bool any() const { return logs > 0 || folders > 0 || refused > 0; }
  void add(const Removed& more);
};

// Owned by Retention, which has one turn of it at a time done on a thread beside the loop: it waits for disks.
class RetentionPass {
 public:
  struct Places {
    std::filesystem::path log_dir;
    std::filesystem::path state_root;    // folders of tasks, and <name>.broken
    std::filesystem::path execute_root;  // working directories, five folders below
  };

  RetentionPass(Places places, RetentionRules rules, std::int64_t now_ms);

  // A bounded part of the work; true when all is done. `in_use`: tasks that this worker has not forgotten, as they are
  // now. Errors: the folders cannot be read; what was done counts.
  Result<bool> turn(const TaskIds& in_use);

  const Removed& removed() const { return removed_; }

 private:
  enum class Phase { kBegin, kReading, kChoosing, kRemoving, kFolders, kDone };

  Status read_days();
  void read_day(const std::string& day);
  Status remove_some(const TaskIds& in_use);
  void remove_broken();
  void remove_work_directories(const TaskIds& in_use);
  bool is_old(const std::filesystem::path& folder) const;
  void remove_folder(const std::filesystem::path& folder);

  const Places places_;
  const RetentionRules rules_;
  const std::int64_t now_ms_;
  Phase phase_ = Phase::kBegin;
  std::vector<std::string> days_;  // still to be read
  std::vector<KeptLog> logs_;
  std::vector<std::string> chosen_;  // to be removed, the last one first
  Removed removed_;
};

}  // namespace porpoise
