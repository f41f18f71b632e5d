// The process that has the plugin in it: as the supervisor sees it, and what it does itself (in runner.cc).
//
// A RunnerProcess is a child process, a channel and a pipe; owned by the supervisor, one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "model/request.h"
#include "process/kill_tree.h"
#include "process/user.h"
#include "taskhost/channel.h"

namespace porpoise {

class RunnerProcess {
 public:
  // Forks. The references must stay valid for the child's life too; it has its own copy of their memory.
  static Result<RunnerProcess> start(const TaskRequest& request, std::int64_t deadline_mono_ms, const Cgroup* cgroup,
                                     const SudoUser& tenant);

  // porpoise-fetch in its place, which reads `order`. A program of its own: libcurl costs every start 10 ms.
  static Result<RunnerProcess> start_fetch(const std::filesystem::path& program, int order,
                                           const std::filesystem::path& work_directory);

  pid_t pid() const { return pid_; }
  Channel& channel() { return channel_; }
  // What the task's processes print. At its end when the last of them is gone; not blocking.
  int output() const { return output_.get(); }
  void close_output() { output_.reset(); }

  // Memory in use now; 0 when it is gone.
  std::uint64_t look_at_memory();
  std::uint64_t peak_bytes() const { return peak_bytes_; }  // seen by looking

  bool ended() const { return status_.has_value(); }
  void set_ended(int status) { status_ = status; }
  int status() const { return status_.value_or(0); }

 private:
  static RunnerProcess watch(pid_t pid, Channel channel, UniqueFd output);
  RunnerProcess(pid_t pid, Channel channel, UniqueFd output, UniqueFd statm);

  pid_t pid_;
  Channel channel_;
  UniqueFd output_;
  UniqueFd statm_;
  std::optional<int> status_;
  std::uint64_t peak_bytes_ = 0;
};

// --- The inside. Forked from the supervisor for one task; what goes wrong in here stays in here.

struct RunnerSetup {
  const TaskRequest& request;
  std::int64_t deadline_mono_ms;  // 0: none
  pid_t supervisor;
  const Cgroup* cgroup;  // null: none
  const SudoUser& tenant;
  Channel channel;
  UniqueFd output;
};

// The exit status of a runner whose plugin closed the channel.
inline constexpr int kChannelLostStatus = 250;
// Of one that could not become the user it was to run as.
inline constexpr int kTenantLostStatus = 251;
// Of one that could not be kept out of what the request hides.
inline constexpr int kUnconfinedStatus = 252;

// Loads the plugin, runs the task, sends one kOutcome and exits. Call it in the child after fork().
[[noreturn]] void run_plugin(RunnerSetup setup);

}  // namespace porpoise
