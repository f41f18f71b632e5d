// What the TaskTable wants done in the world: worker/task_deeds.h does it, tests/simulation pretends to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/accepted_task.h"
#include "engine/outbox.h"
#include "model/request.h"
#include "wire/messages.h"

namespace porpoise {

// Called on the thread of the table. Implementations must not call back into it before they return.
class TaskEffects {
 public:
  virtual ~TaskEffects() = default;
  // The dispatch, as it came, to disk. False: it cannot be written.
  virtual bool keep(std::int64_t task_instance_id, std::string_view body) = 0;
  // Who is told from now on, also after a restart: to disk.
  virtual void keep_master(const AcceptedTask& task) = 0;
  // Begin the execution; ended() must follow, once, whatever happens.
  virtual void start(const AcceptedTask& task) = 0;
  virtual void cancel(const AcceptedTask& task, const std::string& reason, bool at_once) = 0;
  // A task that never ran has ended so: its log and its result go to disk.
  virtual void record(const AcceptedTask& task, const TaskResult& result) = 0;
  // Nobody is told how it ends, not even after a restart: to disk, before it is cancelled.
  virtual void abandon(std::int64_t task_instance_id) = 0;
  // Nothing of it is needed any more.
  virtual void forget(std::int64_t task_instance_id) = 0;
  // `key`: not_sent() may follow. None: told once, never repeated (DELAY).
  virtual void send(std::optional<Outbox::Key> key, const MasterMessage& message) = 0;
  virtual void answer_kill(ReplyTo asker, const wire::KillAnswer& answer) = 0;
  virtual void gave_up(Outbox::Key key) = 0;  // nobody acknowledged it
};

}  // namespace porpoise
