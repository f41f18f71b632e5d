// The worker as a member of the cluster: what the registry tells is put to MembershipState, which decides what it means
// for the tasks, and what MembershipState wants is done.
//
// Owned by cli/worker.cc; the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/worker_config.h"
#include "engine/membership_state.h"
#include "machine/machine_load.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "registry/registration.h"
#include "worker/task_desk.h"

namespace porpoise {

struct MembershipDeps {
  const WorkerConfig& config;
  TaskDesk& desk;
  const TaskTable& table;
  Metrics& metrics;
  Log& log;
  std::function<void()> on_ready;  // once, at the first registration: peers may be listened to
  std::function<void(const std::vector<std::string>& addresses)> on_masters;  // all that are registered now
};

class Membership final : public RegistrationListener, private MembershipEffects {
 public:
  explicit Membership(MembershipDeps parts);

  void use(Registration& registration) { registration_ = &registration; }
  // From now on heartbeats keep tasks away.
  void leave();
  // What still runs is about to be ended.
  void end() { standing_.end(); }

  bool registered() const { return standing_.is_registered(); }
  bool connected() const { return connected_; }
  bool leaving() const { return standing_.leaving(); }

  std::string heartbeat(std::int64_t startup_time_ms) override;
  void on_registered(bool resumed, std::int64_t startup_time_ms) override;
  void on_suspended() override;
  void on_reconnected() override;
  void on_expired(std::string_view why) override;
  void on_problem(const Error& error) override;
  void on_masters(const std::vector<std::string>& addresses) override { parts_.on_masters(addresses); }
  void on_log(std::string_view line) override { parts_.log.debug(line); }

 private:
  void recover(Ownership ownership) override { parts_.desk.recover(ownership); }
  void allow_takeover(bool allowed) override { registration_->allow_takeover(allowed); }
  void fence(const std::string& reason) override;
  void open() override { parts_.desk.open(); }
  void listen() override { parts_.on_ready(); }
  void register_again() override;

  MembershipDeps parts_;
  MembershipState standing_;
  Registration* registration_ = nullptr;
  MachineLoad load_;
  bool connected_ = false;
};

}  // namespace porpoise
