// A task that this worker has accepted, and how far it is. A value; the TaskTable owns those that count.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/messages.h"

namespace porpoise {

// Where an answer goes: the connection that asked.
using ReplyTo = std::uint64_t;

// Waiting: for its delay or for a slot. Ended: its RESULT waits for the ACK.
enum class TaskPhase { kWaiting, kRunning, kEnded };

struct AcceptedTask {
  wire::DispatchTask dispatch;  // its master may change
  TaskPhase phase = TaskPhase::kWaiting;
  std::int64_t accepted_mono_ms = 0;
  std::int64_t start_time_ms = 0;
  std::string log_path;
  std::string execute_path;
  std::string app_ids;
  bool killed = false;         // by order of a master
  bool abandoned = false;      // nobody is told how it ends
  bool delay_unacked = false;  // DELAY was told: 3.1 acknowledges it as if it were the RESULT
  std::vector<ReplyTo> kill_askers;

  std::int64_t id() const { return dispatch.context.task_instance_id; }
};

}  // namespace porpoise
