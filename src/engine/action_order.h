// When an action may be carried out, although those before it that touch the disk take their time.
//
// Pure. Owned by what carries actions out (WorkerLoop; the simulation); one thread. Promises: the actions of one
// task are carried out in the order in which the Engine wanted them, each after the disk has done those before it; what
// would make a later run of the worker believe in the disk (AllowTakeover, RegisterAgain, OpenPort, Exit) waits for all
// that was wanted of the disk before. A disk that hangs for one task holds up that task alone, and these.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/action.h"

namespace porpoise {

class ActionOrder {
 public:
  void push(std::vector<Action> actions);
  // The next that may be carried out now; nothing: none until done() or push().
  std::optional<Action> next();
  // The disk has done what next() gave out last of this task (0: action::Scan).
  void done(std::int64_t task_instance_id);

  // Wanted of the disk and not done.
  std::size_t unfinished() const { return unfinished_.size(); }

  // Ends with done().
  static bool is_slow(const Action& action);
  // 0: it is about none.
  static std::int64_t task_of(const Action& action);

 private:
  using Number = std::uint64_t;
  using Numbered = std::pair<Number, Action>;
  // The actions of one task behind the one that the disk is at.
  struct Lane {
    Number busy = 0;
    std::deque<Numbered> behind;
  };

  void route(Numbered numbered);
  void give(Numbered numbered);
  void release_barriers();

  Number last_ = 0;
  std::deque<Action> ready_;
  std::map<std::int64_t, Lane> lanes_;
  std::deque<Numbered> barriers_;  // of the worker as a whole, in order
  std::set<Number> unfinished_;
};

}  // namespace porpoise
