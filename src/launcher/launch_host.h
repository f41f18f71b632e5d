// Starts the task host of one task, or finds the one that an earlier requester left: all that takes long about it,
// which is files, a process, its exec.
//
// Any thread; it blocks. A host that nobody follows (TaskProcess) works on, unless it is to die with its requester.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/descriptor.h"
#include "base/result.h"
#include "model/request.h"
#include "process/child_reaper.h"
#include "taskdir/result_file.h"

namespace porpoise {

// After how long a host that does not answer, or does not end its task, is taken for hung.
struct HostPatience {
  std::chrono::milliseconds question{
      30000};  // between two questions whether it lives; after two without answer it hangs
  // Beyond the grace period of an order to end, and beyond time limit and grace period. A host gives up on processes
  // that SIGKILL does not end after 15 s and says so, so that one which is silent for longer hangs itself.
  std::chrono::milliseconds ending{20000};
  std::chrono::milliseconds given_up{2000};  // for an answer, once masters run its task elsewhere and wait for its end
};

struct HostSettings {
  std::filesystem::path host_binary;
  // The task ends when the requester does. Without it the host works on and leaves `result.json`.
  bool die_with_requester = true;
  bool follow = false;  // on_line is called with the last line of output, at most five times per second
  HostPatience patience{};
  std::shared_ptr<const ResultSeal> seal{};  // of the worker; without it a result is not sealed, nor is one asked for
  std::filesystem::path lease{};  // taskdir/liveness.h: without it the host works on for as long as its task takes
};

struct LaunchedHost {
  pid_t pid = 0;
  UniqueFd control;  // packets from and to it
  UniqueFd pid_fd;
  UniqueFd errors;  // what the host itself prints: nothing, unless it is broken
  std::uint64_t start_ticks = 0;
  bool adopted = false;  // an earlier requester started it: it is no child of this process
};

// Writes `state_dir`/request.json and starts the host, as a child that `children` expects, if there is one. Makes this
// process the reaper of what a dying host would leave behind (PR_SET_CHILD_SUBREAPER).
Result<LaunchedHost> launch_host(const HostSettings& settings, const TaskRequest& request,
                                 const std::filesystem::path& state_dir, ChildReaper* children = nullptr);

// The host that an earlier requester started for the task of `state_dir` and left running. None: no host lives there;
// `state_dir`/result.json says how the task ended, or it is lost (launcher/lost_host.h).
Result<std::optional<LaunchedHost>> find_running_host(const HostSettings& settings, std::int64_t task_instance_id,
                                                      const std::filesystem::path& state_dir);

// A way to that host, which is told by the key of `settings` who is there. Empty when it cannot be reached, or when
// somebody else listens in its place.
UniqueFd connect_as_requester(const HostSettings& settings, std::int64_t task_instance_id,
                              const std::filesystem::path& state_dir, pid_t host, std::uint64_t start_ticks);

// The task host of this installation: $PORPOISE_HOST, else beside the running executable, else ../libexec/porpoise.
// Empty when there is none.
std::filesystem::path find_host_binary();
// The same, but an error that says where it was looked for, and what to set, unless it can be started.
Result<std::filesystem::path> usable_host_binary();

}  // namespace porpoise
