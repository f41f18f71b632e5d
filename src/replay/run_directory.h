// The folder of one replay: logs where a worker would put them, and the state of every task.
//
//   logs/<yyyyMMdd>/<definition>_<version>-<process instance>-<task instance>.log   (3.1 `LogUtils`)
//   logs/by-name/<task>.log      link to the log of its latest attempt; unique_file_name_of() the task
//   tasks/<task instance>/       request.json, result.json; work/ while it runs
//
// A value: the paths. Created once, by the command; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/resource_order.h"
#include "taskdir/task_log.h"

namespace porpoise {

// A run of one workflow definition; 1 is the replay itself, higher ids are its SUB_PROCESS tasks.
struct ProcessInstance {
  std::int64_t id = 1;
  std::int64_t definition_code = 0;
  std::int64_t definition_version = 1;
};

class RunDirectory {
 public:
  // Makes `root`, which must not exist or be empty: results of another run would be taken for this one's.
  static Result<RunDirectory> create(const std::filesystem::path& root, std::string_view day_yyyymmdd);

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path log_path(const ProcessInstance& process, std::int64_t task_instance_id) const;
  std::filesystem::path state_path(std::int64_t task_instance_id) const;
  std::filesystem::path work_path(std::int64_t task_instance_id) const;

  Status make_state_folder(std::int64_t task_instance_id) const;
  // Best effort: the link is a convenience for people.
  void link_log(std::string_view task_name, const std::filesystem::path& log) const;

 private:
  RunDirectory(std::filesystem::path root, std::filesystem::path day) : root_(std::move(root)), day_(std::move(day)) {}

  std::filesystem::path root_;
  std::filesystem::path day_;
};

// A name that is one harmless path component: no '/', no control characters, not hidden, of bounded length.
std::string file_name_of(std::string_view task_name);

// The same, with "~" and eight digits where it is not the name itself: a task "a/b" and another "a_b" have two.
std::string unique_file_name_of(std::string_view task_name);

// Task logs as replay itself touches them: its own lines for tasks that have no host, and the tail shown to people.
enum class LogEnd { kOpen, kFinal };  // a final text is followed by the mark that ends every task log

Status append_log(const std::filesystem::path& log, LogLevel level, std::string_view text, LogEnd end);

// What was logged, without the prefixes of the log format. Pure.
std::vector<std::string> plain_log_lines(std::string_view log_text);

// The last `count` of them; empty when the log cannot be read.
std::vector<std::string> log_tail(const std::filesystem::path& log, std::size_t count);

// A folder of this machine in place of the resource centre: what has the full name /lib/a.py there is DIR/lib/a.py. Of
// a storage URL, as 3.2 and later write, the longest end of its path that is in DIR counts: DIR may stand for the
// storage or for a tenant's folder in it, and below the working directory the file gets the same path.
//
// Free functions; both look at the disk.

// For porpoise-fetch, which does the same as for a worker whose storage is of type file. `folder`: absolute.
Result<ResourceOrder> order_local_resources(const std::vector<std::string>& full_names,
                                            const std::filesystem::path& folder);

// What will keep `full_name` from being fetched. An empty `folder`: none was given.
Status find_local_resource(const std::string& full_name, const std::filesystem::path& folder);

}  // namespace porpoise
