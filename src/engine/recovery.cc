#include "engine/recovery.h"

namespace porpoise {

Recovery recovery_of(const RecoveredState& remains, Ownership ownership) {
  // An end from before is worth telling whoever owns the task now: it may spare a rerun.
  if (remains.ended) return remains.abandoned ? Recovery::kForget : Recovery::kReport;
  const bool given_up = remains.abandoned || ownership == Ownership::kGivenUp;
  const bool may_have_run = remains.host_began || (remains.requested && ownership != Ownership::kResumed);
  if (may_have_run) return given_up ? Recovery::kEnd : Recovery::kFollow;
  return given_up ? Recovery::kForget : Recovery::kStart;
}

}  // namespace porpoise
