// What an earlier run of the worker left of a task on disk, and what becomes of it.
//
// Values and a pure rule; Engine::recover() acts on it. Promise: any one of the files of a task is enough to follow it,
// or to end it and tell its master: what cannot be read is damage, never a reason to forget.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/accepted_task.h"
#include "model/request.h"

namespace porpoise {

// One folder, as far as it can be read.
struct FoundTask {
  AcceptedTask task;            // its master and its paths from whichever file has them; the id always
  bool dispatch_read = false;   // it could be started
  bool master_missing = false;  // the dispatch alone says which master is told
  std::optional<TaskRequest> request;
  bool requested = false;   // it was about to be started, or more; `request` may be damaged
  bool host_lives = false;  // holds the lock of the folder
  bool host_began = false;  // it lives, or lived for long enough to say who it was
  bool abandoned = false;   // action::Abandon: it had been given up
  bool alerted = false;     // the alert server has answered to its alert
  std::optional<TaskResult> result;
  bool result_damaged = false;  // there was one, and it cannot be read; it may have been told
  std::string damage;           // which files cannot be read, and why; for people

  std::int64_t id() const { return task.id(); }
};

// For the log of a task.
inline constexpr const char* kAwayTooLong = "its worker was away for too long: masters run it elsewhere";

// Whose the tasks of an earlier run are.
enum class Ownership {
  kResumed,  // no master has seen the worker go
  kKept,     // masters run them elsewhere, but they run on (on-session-expired: keep)
  kGivenUp,  // masters run them elsewhere
};

enum class Recovery {
  kStart,   // nothing of it has run: it waits for a slot again
  kFollow,  // it runs; or its host died without a result, and its master is told that it is lost
  kReport,  // its end has not been acknowledged
  kEnd,     // it runs, but no master is told how it ends: Abandon before anything else
  kForget,
};

// Only when no master has seen the worker go is it sure that a host which has left no trace never was: what a power cut
// took away is unknown.
Recovery recovery_of(const FoundTask& found, Ownership ownership);

// Why a task that is found without a living host and without a result has none; one line.
std::string reason_of_loss(const FoundTask& found);

// Why a task that is found is ended (Recovery::kEnd): its masters have given it to others; one line, for its log.
std::string reason_of_end(const FoundTask& found);

}  // namespace porpoise
