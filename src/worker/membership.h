// The adapter between the registry and the Engine: what the registry tells becomes events.
//
// Owned by Daemon; the control thread. What a heartbeat says is WorkerHeartbeat's business, and what follows
// from a session's end is the Engine's business.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log.h"
#include "observe/loop_monitor.h"
#include "observe/metrics.h"
#include "registry/registration.h"
#include "worker/peer_authorizer.h"
#include "worker/worker_loop.h"

namespace porpoise {

struct MembershipDeps {
  WorkerLoop& loop;
  PeerAuthorizer& masters;  // hears which are registered
  LoopMonitor& monitor;
  Metrics& metrics;
  Log& log;
};

class Membership final : public RegistrationEvents {
 public:
  explicit Membership(const MembershipDeps& deps) : deps_(deps) {}

  bool connected() const { return connected_; }

  void on_registered(bool resumed, std::int64_t startup_time_ms) override;
  void on_suspended() override;
  void on_reconnected() override;
  void on_expired(std::string_view why) override;
  void on_problem(const Error& error) override;
  void on_masters(const std::vector<std::string>& addresses) override;
  void on_warning(std::string_view text) override { deps_.log.warn(text); }
  void on_log(std::string_view line) override { deps_.log.debug(line); }

 private:
  MembershipDeps deps_;
  bool connected_ = false;
};

}  // namespace porpoise
