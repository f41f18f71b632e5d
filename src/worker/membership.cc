#include "worker/membership.h"

namespace porpoise {

void Membership::on_registered(bool resumed, std::int64_t startup_time_ms) {
  deps_.log.info(resumed ? "registered: the session of the previous run continues" : "registered",
                 {{"startup_time", startup_time_ms}});
  connected_ = true;
  deps_.loop.post(event::Registered{resumed});
}

void Membership::on_suspended() {
  deps_.log.warn("the connection to ZooKeeper is lost; tasks go on");
  connected_ = false;
}

void Membership::on_reconnected() {
  deps_.log.info("connected to ZooKeeper again, in the same session");
  connected_ = true;
}

void Membership::on_expired(std::string_view why) {
  deps_.log.error("the registration has ended: " + std::string(why));
  deps_.metrics.messages.session_expired();
  connected_ = false;
  deps_.loop.post(event::SessionLost{});
}

void Membership::on_masters(const std::vector<std::string>& addresses) {
  const LoopMonitor::Scope scope(deps_.monitor, "masters");
  deps_.masters.set_registered(addresses);
}

void Membership::on_problem(const Error& error) {
  const bool denied = error.code() == ErrorCode::kDenied;
  deps_.log.error(error.to_string() + "; trying on; look at the key '" + (denied ? "zookeeper-digest" : "zookeeper") +
                  "' if that does not help");
}

}  // namespace porpoise
