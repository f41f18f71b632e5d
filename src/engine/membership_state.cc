#include "engine/membership_state.h"

#include <utility>

namespace porpoise {

void MembershipState::registered(bool resumed) {
  registered_ = true;
  if (!std::exchange(recovered_, true)) {
    const bool given_up = !resumed && !keep_tasks_;
    effects_.recover(resumed ? Ownership::kResumed : given_up ? Ownership::kGivenUp : Ownership::kKept);
    if (given_up) return fence("its worker was away for too long: masters run it elsewhere");
  }
  go_on();
}

void MembershipState::expired() {
  registered_ = false;
  if (keep_tasks_) return effects_.register_again();
  if (!std::exchange(recovered_, true)) effects_.recover(Ownership::kGivenUp);
  fence("the worker's session in ZooKeeper has expired: masters run it elsewhere");
}

void MembershipState::fenced() {
  fencing_ = false;
  if (registered_) return go_on();
  if (!leaving_) effects_.register_again();
}

void MembershipState::end() {
  leaving_ = ending_ = true;
  effects_.allow_takeover(false);
}

void MembershipState::fence(const std::string& reason) {
  if (std::exchange(fencing_, true)) return;  // nothing has come since
  effects_.allow_takeover(false);
  effects_.fence(reason);
}

void MembershipState::go_on() {
  if (fencing_ || ending_) return;
  effects_.allow_takeover(true);
  if (!leaving_) effects_.open();
  if (!std::exchange(listening_, true)) effects_.listen();
}

}  // namespace porpoise
