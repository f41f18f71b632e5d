// How a task ended, from all that was seen of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/request.h"

namespace porpoise {

// Why a task was ended before it ended by itself.
enum class StopReason { kNone, kCancelled, kTimedOut, kRequesterGone, kMemory, kFenced };

struct PluginOutcome {
  int status = 0;  // porpoise_status
  int exit_code = -1;
  std::string message;
};

struct TaskEnd {
  bool fetching = false;                // the runner was porpoise-fetch: the plugin had not begun
  StopReason stop = StopReason::kNone;  // the outcome, if there is one, came first when this is kNone
  std::string stop_text;                // the requester's words; for kFenced the age of the lease
  std::optional<PluginOutcome> outcome;
  std::string refused_output;           // why what the task put out makes a success of the plugin's a failure
  int runner_status = 0;                // as waitpid gives it
  std::uint64_t runner_peak_bytes = 0;  // of its memory
};

// Fills in state, exit_code, message, timed_out and fenced.
void classify_outcome(const TaskRequest& request, const TaskEnd& end, TaskResult& result);

// `pool` becomes what the task hands on. What no master could be sent fails the task by name, and it hands on only what
// it was handed.
void hand_on(const TaskRequest& request, PropertyList pool, TaskResult& result);

// The reason as a plugin is told it: a porpoise_cancel_reason.
int cancel_reason(StopReason reason);

// How the runner went down, or nothing when it ended as it should: "was ended by signal 11 (SIGSEGV)".
std::optional<std::string> describe_runner_fault(int runner_status);

}  // namespace porpoise
