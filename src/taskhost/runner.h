// The process that has the plugin in it. Forked from the supervisor for one task; what goes wrong in here stays in
// here.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/descriptor.h"
#include "model/request.h"
#include "process/cgroup.h"
#include "process/sudo_user.h"
#include "taskhost/channel.h"

namespace porpoise {

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
