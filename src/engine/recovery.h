// What becomes of a task that an earlier run of the worker left in its state folder. Pure; see TaskTable::recover().
#pragma once

namespace porpoise {

// What there is of it.
struct RecoveredState {
  bool abandoned = false;   // TaskEffects::abandon: it had been given up
  bool requested = false;   // it was about to be started, or more
  bool host_began = false;  // its host lives, or lived for long enough to say who it was
  bool ended = false;       // there is a result
};

// Whose the tasks of an earlier run are.
enum class Ownership {
  kResumed,  // no master has seen the worker go
  kKept,     // masters run them elsewhere, but they go on (on-session-expired: keep)
  kGivenUp,  // masters run them elsewhere
};

enum class Recovery {
  kStart,   // nothing of it has run: it waits for a slot again
  kFollow,  // it runs, or its host died without a result
  kReport,  // its end has not been acknowledged
  kEnd,     // it runs, but nobody is told how it ends: TaskEffects::abandon before anything else
  kForget,
};

// Only when no master has seen the worker go is it sure that a host which has left no trace never was: what a power cut
// took away is unknown.
Recovery recovery_of(const RecoveredState& remains, Ownership ownership);

}  // namespace porpoise
