// What the Engine is told: one plain struct per thing that happens, from whichever adapter has seen it.
//
// Values. Nothing in here refers to the world; an adapter posts them to the WorkerLoop, a simulation to its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/accepted_task.h"
#include "engine/outbox.h"
#include "engine/recovery.h"
#include "model/request.h"

namespace porpoise {

namespace event {

// --- From masters ---

// `body`: the dispatch as it came, for the disk.
struct Dispatched {
  AcceptedTask task;
  std::string body;
};
struct KillAsked {
  std::int64_t task_instance_id = 0;
  ReplyTo asker = 0;
  std::string who;  // "master 10.0.0.5:5678" where one is registered at the asker's address, else the address
};
// Another master owns the task.
struct HostChanged {
  std::int64_t task_instance_id = 0;
  std::string master;
};
struct Acked {
  Outbox::Key key;
};
// An action::Send did not reach its master.
struct NotSent {
  Outbox::Key key;
};

// --- From the disk ---

// The answer to action::Scan.
struct Scanned {
  std::vector<FoundTask> tasks;  // oldest first
};
// The answer to action::Store. Not ok: nothing of the dispatch is on disk. `occupied`: because the folder has a living
// host, which was not known.
struct Stored {
  std::int64_t task_instance_id = 0;
  bool ok = false;
  std::optional<FoundTask> occupied = std::nullopt;
};
// The answer to action::Look.
struct Looked {
  std::int64_t task_instance_id = 0;
  std::optional<FoundTask> found;  // nothing: there is no folder
};

// --- From hosts ---

// A remote job that the task has started.
struct AppId {
  std::int64_t task_instance_id = 0;
  std::string app_id;
};
// The alert server has answered to the alert of a task that has ended.
struct Alerted {
  std::int64_t task_instance_id = 0;
};
// The one answer to action::Launch or action::Adopt: nothing of the task lives, its result is on disk.
struct Ended {
  std::int64_t task_instance_id = 0;
  TaskResult result;
};

// --- From the registry, the operating system and the clock ---

// Resumed: the session of an earlier run continues, no master has seen the worker go.
struct Registered {
  bool resumed = false;
};
// The session has ended, or may have: also that of an earlier run, before this one was registered.
struct SessionLost {};
// SIGTERM or SIGINT. The first drains, the second ends what runs.
struct Terminated {};
// next_wakeup_mono_ms() has come.
struct Woken {};

}  // namespace event

using Event = std::variant<event::Dispatched, event::KillAsked, event::HostChanged, event::Acked, event::NotSent,
                           event::Scanned, event::Stored, event::Looked, event::AppId, event::Alerted, event::Ended,
                           event::Registered, event::SessionLost, event::Terminated, event::Woken>;

// "Dispatched", …: for metrics and messages.
const char* name_of(const Event& event);

}  // namespace porpoise
