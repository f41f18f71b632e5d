// How the Engine stands, for people: what each task waits for, runs, or still has to tell whom, and what the worker as
// a whole is at.
//
// Values, made by Engine::view() on its thread; control/view.h writes them as JSON. Nothing in here decides anything.
// Times are of Moment: `_mono_ms` by the monotonic clock, `_ms` since the epoch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/accepted_task.h"
#include "engine/outbox.h"

namespace porpoise {

// Why a task has not started; kNothing: it has, or it does at once.
enum class WaitsFor {
  kNothing,
  kDisk,     // its dispatch is being written
  kDelay,    // the delay time of its definition
  kSlot,     // as many tasks run as may
  kSession,  // it is not known whether masters still mean this worker
  kOrder,    // the worker is drained, leaves or is replaced: it starts nothing
};

struct TaskView {
  std::int64_t id = 0;
  std::int64_t process_instance_id = 0;
  std::int64_t process_define_code = 0;
  std::int64_t process_define_version = 0;
  std::string name;
  std::string type;
  std::string tenant;
  std::string master;  // who is told of it; empty: not known
  std::string log_path;
  std::string app_ids;
  TaskPhase phase = TaskPhase::kWaiting;
  std::int64_t since_mono_ms = 0;  // in this phase
  std::int64_t start_time_ms = 0;  // 0: it has not started, or an earlier run of the worker started it
  WaitsFor waits_for = WaitsFor::kNothing;
  std::int64_t due_mono_ms = 0;  // of kDelay
  std::size_t place = 0;         // 1-based in the queue; 0: not in it
  std::optional<std::int64_t> end_asked_mono_ms;
  std::string end_asked_by;
  bool abandoned = false;  // no master is told how it ends
  int status = 0;          // of one that has ended: 7 success, 6 failure, 9 kill (3.1 `TaskExecutionStatus`)
  std::optional<Outbox::Standing> untold;  // what its master has not acknowledged
};

enum class WorkerStage {
  kStarting,  // not registered yet, or what an earlier run left is being read
  kWorking,
  kFencing,   // its session has ended: what masters have given to others is being ended
  kDraining,  // nothing new starts; what runs may finish
  kLeaving,   // the same, and then it leaves
  kEnding,    // what runs is being ended, then it leaves
  kGone,
};

struct EngineView {
  WorkerStage stage = WorkerStage::kStarting;
  bool registered = false;
  bool storage_works = true;
  std::optional<std::int64_t> limit_mono_ms;  // of a drain: then what runs is ended
  std::size_t slots = 0;
  std::size_t running = 0;
  std::size_t waiting = 0;
  std::size_t storing = 0;
  std::int64_t max_waiting = 0;  // <= 0: no limit
  std::size_t task_bytes = 0;
  std::size_t max_task_bytes = 0;
  std::size_t unacknowledged = 0;  // messages
  std::int64_t oldest_unacknowledged_ms = 0;
  std::vector<TaskView> tasks;  // by id
};

}  // namespace porpoise
