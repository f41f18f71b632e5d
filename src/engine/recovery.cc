// Engine: tasks that an earlier run of the worker has left.
#include "engine/recovery.h"

#include <utility>

#include "engine/accepted_task.h"
#include "engine/engine.h"

namespace porpoise {

Recovery recovery_of(const FoundTask& found, Ownership ownership) {
  const bool given_up = found.abandoned || ownership == Ownership::kGivenUp;
  if (found.result) {
    // Its host ended it as its masters had given it to others. When none of them has seen the worker go, they wait.
    if (found.result->fenced && ownership != Ownership::kResumed) return Recovery::kForget;
    // An end from before is worth telling the master that owns the task now: it may spare a rerun.
    return found.abandoned ? Recovery::kForget : Recovery::kReport;
  }
  // With a result that cannot be read it has ended: without one it would run again.
  const bool may_have_run = found.host_lives || found.host_began || found.result_damaged ||
                            (found.requested && ownership != Ownership::kResumed);
  if (may_have_run) return given_up ? Recovery::kEnd : Recovery::kFollow;
  if (given_up) return Recovery::kForget;
  return found.dispatch_read ? Recovery::kStart : Recovery::kFollow;
}

std::string reason_of_loss(const FoundTask& found) {
  if (found.result_damaged) return "task result lost: " + found.damage;
  const std::string lost = found.host_began || found.requested
                               ? "task host lost: it ended without a result while the worker was away"
                               : "task lost before it started";
  return found.damage.empty() ? lost : lost + "; " + found.damage;
}

std::string reason_of_end(const FoundTask& found) {
  return found.abandoned ? "an earlier run of the worker had given it up: masters run it elsewhere" : kAwayTooLong;
}

void Engine::recover(const FoundTask& found, Ownership ownership, Moment now) {
  AcceptedTask task = found.task;
  if (!found.damage.empty()) say(action::Level::kError, "the state of a task is damaged: " + found.damage, task.id());
  task.maybe_told = found.result_damaged;
  switch (recovery_of(found, ownership)) {
    case Recovery::kStart: task.phase = TaskPhase::kWaiting; break;
    case Recovery::kEnd:
      task.abandoned = true;
      task.phase = TaskPhase::kRunning;
      want(action::Abandon{task.id()});
      want(action::Adopt{task, found.request, "given up: " + reason_of_end(found) + "; its task host had ended"});
      break;
    case Recovery::kFollow:
      task.phase = TaskPhase::kRunning;
      want(action::Adopt{task, found.request, reason_of_loss(found)});
      break;
    case Recovery::kReport:
      task.phase = TaskPhase::kEnded;
      task.start_time_ms = found.result->start_time_ms;
      break;
    case Recovery::kForget: return want(action::Forget{task.id()});
  }
  // A crash came between the two; the next one may take the dispatch.
  if (found.master_missing && found.dispatch_read) want(action::StoreMaster{task});
  want(action::Recovered{task, task.phase == TaskPhase::kEnded ? found.result : std::nullopt, found.alerted});
  take_back(std::move(task), found, now);
}

void Engine::take_back(AcceptedTask task, const FoundTask& found, Moment now) {
  const std::int64_t id = task.id();
  task.accepted_mono_ms = task.since_mono_ms = now.mono_ms;
  task.bytes = bytes_of(task.dispatch.context);
  task.killed = task.phase == TaskPhase::kEnded && found.result->state == TaskState::kKill;
  AcceptedTask& kept = tasks_.insert_or_assign(id, std::move(task)).first->second;
  switch (kept.phase) {
    case TaskPhase::kStoring: break;
    case TaskPhase::kWaiting: return begin_waiting(kept, now);
    case TaskPhase::kRunning:
      ++running_;
      if (kept.abandoned)
        want(action::Cancel{id, reason_of_end(found), true});
      else if (found.host_lives)  // else its end is next
        put_running(kept, now);
      break;
    case TaskPhase::kEnded: put_result(kept, *found.result, now); break;
  }
}

}  // namespace porpoise
