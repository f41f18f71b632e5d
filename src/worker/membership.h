// The adapter between the registry and the Engine: what the registry tells becomes events.
//
// Owned by Daemon; the control thread. What a heartbeat says is WorkerHeartbeat's business, and what follows
// from a session's end is the Engine's business.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log.h"
#include "observe/metrics.h"
#include "registry/registration.h"
#include "worker/worker_loop.h"

namespace porpoise {

struct MembershipDeps {
  WorkerLoop& loop;
  Metrics& metrics;
  Log& log;
  std::function<void(const std::vector<std::string>& addresses)> on_masters;  // all that are registered now
};

class Membership final : public RegistrationEvents {
 public:
  explicit Membership(MembershipDeps deps) : deps_(std::move(deps)) {}

  bool connected() const { return connected_; }

  void on_registered(bool resumed, std::int64_t startup_time_ms) override;
  void on_suspended() override;
  void on_reconnected() override;
  void on_expired(std::string_view why) override;
  void on_problem(const Error& error) override;
  void on_masters(const std::vector<std::string>& addresses) override { deps_.on_masters(addresses); }
  void on_warning(std::string_view text) override { deps_.log.warn(text); }
  void on_log(std::string_view line) override { deps_.log.debug(line); }

 private:
  MembershipDeps deps_;
  bool connected_ = false;
};

}  // namespace porpoise
