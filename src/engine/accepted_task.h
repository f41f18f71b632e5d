// A task that this worker has accepted, and how far it is; and now, as pure code is told it.
//
// Values; the Engine owns those that count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

}  // namespace porpoise
