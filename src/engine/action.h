// What the Engine wants done: one plain struct per deed, for the adapter that can do it.
//
// Values, carried out in the order of ActionOrder. What needs an answer says which event that is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "engine/accepted_task.h"
#include "engine/outbox.h"
#include "engine/recovery.h"
#include "model/request.h"
#include "wire/messages.h"

namespace porpoise {

// GivenBack: it had been accepted, and waited when the worker began to leave.
enum class Refusal { kFull, kClosed, kNotKept, kGivenBack };

namespace action {

// --- To the disk; each ends with ActionOrder::done(), after its event if it has one ---

// Read everything that an earlier run left: event::Scanned.
struct Scan {};
// The dispatch, as it came, and where its end is to be told: event::Stored. A folder with a living host is not touched.
struct Store {
  AcceptedTask task;
  std::string body;
};
// Read one folder, if there is one: event::Looked.
struct Look {
  std::int64_t task_instance_id = 0;
};
// Who is told from now on, also after a restart.
struct StoreMaster {
  AcceptedTask task;
};
// A task that never ran has ended so: its log and its result.
struct StoreResult {
  AcceptedTask task;
  TaskResult result;
};
// No later run of the worker sends its alert again.
struct StoreAlerted {
  std::int64_t task_instance_id = 0;
};
// Nobody is told how it ends, not even after a restart.
struct Abandon {
  std::int64_t task_instance_id = 0;
};
// Nothing of it is needed any more.
struct Forget {
  std::int64_t task_instance_id = 0;
};

// --- To hosts; event::Ended follows Launch and Adopt, once, whatever happens ---

struct Launch {
  AcceptedTask task;
};
// Follow the host that an earlier run left, if it lives; else end the task as lost for `reason`, with nothing of it
// left alive.
struct Adopt {
  AcceptedTask task;
  std::optional<TaskRequest> request;  // nothing: it cannot be read
  std::string reason;
};
struct Cancel {
  std::int64_t task_instance_id = 0;
  std::string reason;     // one line for the task's log
  bool given_up = false;  // its masters run it elsewhere: none of them is told how it ends
};

// --- To masters ---

// `key`: event::NotSent may follow. None: told once, never repeated (DELAY).
struct Send {
  std::optional<Outbox::Key> key;
  MasterMessage message;
};
struct AnswerKill {
  ReplyTo asker = 0;
  wire::KillAnswer answer;
};

// --- To the registry and the process ---

// Whether a later run of the worker may take the session over, and with it the tasks. On disk when that is done.
struct AllowTakeover {
  bool allowed = false;
};
struct OpenPort {};  // once: peers may connect
struct RegisterAgain {};
struct RefreshHeartbeat {};  // masters are to know at once
struct Exit {
  std::size_t unacknowledged = 0;
};

// --- For people: logs, metrics, alerts ---

struct Accepted {
  std::int64_t task_instance_id = 0;
};
// A dispatch of it has come again; its sender is told how it stands.
struct Known {
  std::int64_t task_instance_id = 0;
};
struct Refused {
  std::int64_t task_instance_id = 0;
  Refusal why = Refusal::kClosed;
  std::string master;  // who hears of it
};
// An execution has ended, started here or adopted.
struct Finished {
  std::string task_type;
  TaskResult result;
};
// A master has acknowledged how it ended.
struct Told {
  std::int64_t task_instance_id = 0;
  std::int64_t since_mono_ms = 0;  // when it was to be told for the first time; after a restart: by this run
};
// Found again after a restart; `result` when it had ended, with its alert still to be sent unless `alerted`.
struct Recovered {
  AcceptedTask task;
  std::optional<TaskResult> result;
  bool alerted = false;
};
// No master has acknowledged it; it is dropped.
struct GaveUp {
  Outbox::Key key;
};
enum class Level { kInfo, kWarn, kError };
struct Say {
  Level level = Level::kInfo;
  std::string text;
  std::int64_t task_instance_id = 0;  // 0: about none
};

}  // namespace action

using Action =
    std::variant<action::Scan, action::Store, action::Look, action::StoreMaster, action::StoreResult,
                 action::StoreAlerted, action::Abandon, action::Forget, action::Launch, action::Adopt, action::Cancel,
                 action::Send, action::AnswerKill, action::AllowTakeover, action::OpenPort, action::RegisterAgain,
                 action::RefreshHeartbeat, action::Exit, action::Accepted, action::Known, action::Refused,
                 action::Finished, action::Told, action::Recovered, action::GaveUp, action::Say>;

}  // namespace porpoise
