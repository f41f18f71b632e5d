// A task that this worker has accepted: how far it is, where its files lie, and what masters are told of it. And now,
// as pure code is told it.
//
// Values and pure functions; the Engine owns those tasks that count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/request.h"
#include "wire/messages.h"

namespace porpoise {

// The wall clock for what leaves the process, the monotonic one for waiting.
struct Moment {
  std::int64_t wall_ms = 0;  // epoch
  std::int64_t mono_ms = 0;
};

// Where an answer goes: the connection that asked.
using ReplyTo = std::uint64_t;

// Storing: its dispatch is on its way to the disk, no adapter may rely on it. Waiting: for its delay or for a slot.
// Ended: its RESULT waits for the ACK.
enum class TaskPhase { kStoring, kWaiting, kRunning, kEnded };

struct AcceptedTask {
  wire::DispatchTask dispatch;  // its master may change; empty: nothing on disk says who it is
  std::string defect;           // why it cannot be run at all: it ends so, for its log and its master
  TaskPhase phase = TaskPhase::kWaiting;
  std::int64_t accepted_mono_ms = 0;
  std::int64_t since_mono_ms = 0;  // in its phase
  std::size_t bytes = 0;           // about what its dispatch takes in memory, here and where it runs
  std::int64_t start_time_ms = 0;
  std::string log_path;
  std::string execute_path;
  std::string app_ids;
  bool killed = false;          // by order of a master
  bool abandoned = false;       // no master is told how it ends
  bool maybe_told = false;      // how it ended, by an earlier run: no RUNNING may follow
  bool delay_unacked = false;   // DELAY was told: 3.1 acknowledges it as if it were the RESULT
  bool master_changed = false;  // while its dispatch is on its way to the disk
  std::vector<ReplyTo> kill_askers;
  std::string killed_by;                          // who asked last, as in event::KillAsked
  std::optional<std::int64_t> end_asked_mono_ms;  // when it was told to end first, for whatever reason

  void enter(TaskPhase now_in, Moment now) {
    phase = now_in;
    since_mono_ms = now.mono_ms;
  }

  std::int64_t id() const { return dispatch.context.task_instance_id; }
};

// Where the files of a task lie on this worker, made of what its master says. No other code makes a path of a text that
// came over the wire, except for resources, which model/resource_order.h judges by the same rules.
//
// A value; pure; any thread. Promise: whatever a dispatch says, its log is in a folder of a day below `log_dir`, and
// its working directory five folders below `execute_root`.
struct TaskPaths {
  std::string log_dir;
  std::string execute_root;

  // <log dir>/<yyyyMMdd of the first submit>/<code>_<version>-<workflow instance>-<task instance>.log (3.1 `LogUtils`).
  // Masters store it and ask for it long afterwards. A task without a submit time counts as submitted `now`.
  std::string log_path(const wire::TaskContext& context, const TimeZone& zone, std::int64_t now_ms) const;

  // <root>/ and TaskFolder::path(), of model/safe_path.h, with its error.
  Result<std::string> execute_path(const wire::TaskContext& context) const;

  // A task as it begins on this worker; what makes no sense in its dispatch is its defect.
  AcceptedTask accepted(const wire::DispatchTask& dispatch, const TimeZone& zone, std::int64_t now_ms) const;
};

// --- What masters are told of a task, as 3.1 messages. Pure; `worker` is this worker's address as registered.

wire::TaskRunning running_message(const AcceptedTask& task, const std::string& worker);
// Carries the time of the end, not of the sending: a repetition, even after a restart, is the same to the byte.
wire::TaskEnded ended_message(const AcceptedTask& task, const TaskResult& result, const std::string& worker);
// That it waits for its delay time: 3.1 says it as a RESULT with the state DELAY_EXECUTION.
wire::TaskEnded delayed_message(const AcceptedTask& task, std::int64_t now_ms, const std::string& worker);
wire::TaskRejected rejected_message(const AcceptedTask& task, std::int64_t now_ms, const std::string& worker);

// About what they take in memory: what they are, and the texts in them.
std::size_t bytes_of(const wire::TaskEnded& message);
std::size_t bytes_of(const wire::TaskContext& context);

// Killed before it had a process, or not known here at all.
wire::KillAnswer killed_unstarted(std::int64_t task_instance_id, const std::string& worker);
// Its tree is verified dead, or it had ended by itself; `process_id` 0: not known any more.
wire::KillAnswer killed(std::int64_t task_instance_id, std::int64_t process_id, const std::string& app_ids,
                        const std::string& worker);

}  // namespace porpoise
