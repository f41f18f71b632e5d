#include "engine/recovery.h"

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

}  // namespace porpoise
