// Answers for a task whose host is dead, or hangs and is ended here: nothing of the task stays alive, and there is a
// result after all.
//
// Free functions; they block, within limits, and act on processes and the file system: never on a control loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "launcher/launch_host.h"
#include "model/request.h"
#include "process/child_reaper.h"
#include "process/process_info.h"
#include "process/user.h"

namespace porpoise {

// How a task has ended as far as its requester knows: the rest of the result is as the request has it.
struct TaskEnding {
  TaskState state = TaskState::kFailure;
  std::string message;
  bool timed_out = false;
  std::int64_t start_time_ms = 0;
};

struct LostHost {
  TaskRequest request;
  std::filesystem::path host_binary;
  std::shared_ptr<const ResultSeal> seal;  // as in HostSettings
  std::filesystem::path state_dir;
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  bool is_child = true;  // else it was adopted: its parent is another process, and so is that of its orphans
  UniqueFd pid_fd;
  std::string last_words;  // what it printed itself
  bool alive = false;      // it hangs: it is to be ended first
  TaskEnding ending;       // without a message: how the host died
};

// The result that the host has left after all, or else one made here, with the task log and the working directory as
// after any end. `children`: expects the host, and ends what it leaves to this process. Takes up to half a minute when
// something cannot be ended.
TaskResult answer_for(const LostHost& host, ChildReaper* children);

// When that could not be done in time: what is known without the disk.
TaskResult unanswered(const LostHost& host, const Error& why);

// Ends a host and all of its task, whose result has been told already.
void end_unwanted(const LostHost& host, ChildReaper* children);

// The same as answer_for() for a host that died while nobody followed it, as far as the state folder says who it was.
TaskResult answer_for_unseen(const TaskRequest& request, const HostSettings& settings,
                             const std::filesystem::path& state_dir, const TaskEnding& ending);

// Kills what is left of a task whose host died unseen. Returns those that SIGKILL does not end.
std::vector<ProcessInfo> sweep_after_unseen(const TaskRequest& request, const SudoUser& tenant,
                                            const std::filesystem::path& state_dir);

// For a task that could not be started: says why in the task log and writes `result.json`. Where the host of an earlier
// start lives after all, nothing of it is touched, and the result is given alone.
TaskResult record_unstarted_task(const TaskRequest& request, const HostSettings& settings,
                                 const std::filesystem::path& state_dir, const TaskEnding& ending);

}  // namespace porpoise
