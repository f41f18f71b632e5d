#include "lifecycle/recovery.h"

namespace porpoise {

Recovery recovery_of(const Remains& remains, Ownership ownership) {
  // An end from before is worth telling whoever owns the task now: it may spare a rerun.
  if (remains.ended) return remains.disowned ? Recovery::kForget : Recovery::kTell;
  const bool given_up = remains.disowned || ownership == Ownership::kGivenUp;
  const bool may_have_run = remains.host_began || (remains.requested && ownership != Ownership::kResumed);
  if (may_have_run) return given_up ? Recovery::kEnd : Recovery::kFollow;
  return given_up ? Recovery::kForget : Recovery::kStart;
}

}  // namespace porpoise
