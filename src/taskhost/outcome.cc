#include "taskhost/outcome.h"

#include <porpoise/plugin.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/clock.h"
#include "base/json.h"
#include "base/signals.h"
#include "base/text.h"
#include "model/property.h"
#include "taskhost/limits.h"
#include "taskhost/runner_process.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxMessageBytes = 2000;
constexpr std::size_t kMaxShownName = 100;

std::string plugin_name(const TaskRequest& request) {
  return "plugin " + request.task_type + " (" + request.plugin + ")";
}

std::string one_line(std::string_view text) {
  std::string line(cut_utf8(text, kMaxMessageBytes));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U); }

// Failed allocations show as all kinds of failure; what they have in common is a peak near the cap.
std::string memory_hint(const TaskRequest& request, const TaskEnd& end) {
  const std::uint64_t cap = request.plugin_memory_bytes;
  if (cap == 0 || end.runner_peak_bytes < cap - cap / 8) return "";
  return "; it had used " + mebibytes(end.runner_peak_bytes) + " of the " + mebibytes(cap) + " MiB that it may";
}

std::string timeout_text(const TaskRequest& request) {
  return "timed out after " + in_seconds(request.timeout) + " (taskTimeout)";
}

void judge_outcome(const TaskRequest& request, const PluginOutcome& outcome, TaskResult& result) {
  result.exit_code = outcome.exit_code;
  result.message = one_line(outcome.message);
  if (outcome.status == PORPOISE_OK) {
    result.state = TaskState::kSuccess;
    result.message.clear();
  } else if (outcome.status == PORPOISE_TIMED_OUT) {
    result.timed_out = true;
    if (request.timeout.count() > 0)
      result.message = timeout_text(request) + (result.message.empty() ? "" : ": " + result.message);
  } else if (outcome.status == PORPOISE_INTERNAL) {
    result.message = plugin_name(request) + ": " + result.message;
  }
  // 3.1 takes 137 for a kill that was ordered (`AbstractTask`), so an out-of-memory kill is never retried there.
  if (outcome.status == PORPOISE_FAILED && outcome.exit_code == 128 + SIGKILL)
    result.message += "; porpoise did not send that SIGKILL, often the kernel does when memory runs out";
  if (result.state == TaskState::kFailure && result.message.empty())
    result.message = plugin_name(request) + " failed without a message (status " + std::to_string(outcome.status) + ")";
}

void judge_stop(const TaskRequest& request, const TaskEnd& end, TaskResult& result) {
  if (end.outcome) result.exit_code = end.outcome->exit_code;
  switch (end.stop) {
    case StopReason::kCancelled:
      result.state = TaskState::kKill;
      result.message = end.stop_text.empty() ? "cancelled" : "cancelled: " + one_line(end.stop_text);
      break;
    case StopReason::kRequesterGone:
      result.state = TaskState::kKill;
      result.message = "the requester is gone";
      break;
    case StopReason::kTimedOut:
      result.timed_out = true;
      result.message = timeout_text(request);
      break;
    case StopReason::kFenced:
      result.fenced = true;
      result.message = "fenced: the worker has not renewed its lease for " + end.stop_text +
                       ", by when its masters give the task to others";
      break;
    case StopReason::kMemory:
      result.message =
          plugin_name(request) + " used more than " + mebibytes(request.plugin_memory_bytes) + " MiB of memory";
      break;
    case StopReason::kNone: break;
  }
}

}  // namespace

void classify_outcome(const TaskRequest& request, const TaskEnd& end, TaskResult& result) {
  result.state = TaskState::kFailure;
  result.exit_code = -1;
  if (end.stop != StopReason::kNone) {
    judge_stop(request, end, result);
  } else if (end.outcome) {
    judge_outcome(request, *end.outcome, result);
    if (result.state == TaskState::kSuccess && !end.refused_output.empty()) {
      result.state = TaskState::kFailure;
      result.exit_code = -1;
      result.message = end.refused_output;
    }
    if (end.outcome->status == PORPOISE_INTERNAL) result.message += memory_hint(request, end);
  } else {
    const std::string who = end.fetching ? "porpoise-fetch, which was fetching resources," : plugin_name(request);
    result.message =
        who + " " + describe_runner_fault(end.runner_status).value_or("called exit(0)") + memory_hint(request, end);
  }
}

void hand_on(const TaskRequest& request, PropertyList pool, TaskResult& result) {
  constexpr std::size_t kCertainlyFits = 1U << 20U;  // a byte becomes at most seven
  std::size_t raw = 0;
  const Property* largest = nullptr;
  for (const Property& property : pool) {
    raw += property.prop.size() + property.value.size();
    if (largest == nullptr || property.value.size() > largest->value.size()) largest = &property;
  }
  const std::size_t bytes = raw <= kCertainlyFits ? 0 : dump_json(Json(dump_json(to_json(pool)))).size();
  if (bytes <= kMaxHandedOnBytes) {
    result.var_pool = std::move(pool);
    return;
  }
  result.var_pool = request.var_pool;
  result.state = result.state == TaskState::kSuccess ? TaskState::kFailure : result.state;
  result.message = "its parameters are together " + mebibytes(bytes) + " MiB as they would be sent, more than " +
                   mebibytes(kMaxHandedOnBytes) + " MiB, the largest of them '" +
                   std::string(cut_utf8(largest->prop, kMaxShownName)) +
                   "': let the task write a file, and hand on its path";
}

int cancel_reason(StopReason reason) {
  switch (reason) {
    case StopReason::kNone: return PORPOISE_CANCEL_NONE;
    case StopReason::kCancelled: return PORPOISE_CANCEL_KILLED;
    case StopReason::kTimedOut: return PORPOISE_CANCEL_TIMED_OUT;
    case StopReason::kRequesterGone: return PORPOISE_CANCEL_UNATTENDED;
    case StopReason::kMemory: return PORPOISE_CANCEL_MEMORY;
    case StopReason::kFenced: return PORPOISE_CANCEL_OTHER;
  }
  return PORPOISE_CANCEL_OTHER;
}

std::optional<std::string> describe_runner_fault(int runner_status) {
  if (WIFSIGNALED(runner_status)) return "was ended by " + describe_signal(WTERMSIG(runner_status));
  const int status = WEXITSTATUS(runner_status);
  if (status == 0) return std::nullopt;
  if (status == kTenantLostStatus) return "could not become the user it was to run as";
  if (status == kUnconfinedStatus) return "could not be kept out of the state and logs of the worker (Landlock)";
  if (status == kChannelLostStatus) return "closed the connection to its task host";
  return "called exit(" + std::to_string(status) + ")";
}

}  // namespace porpoise
