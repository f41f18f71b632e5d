// What being a member of the cluster means for the tasks: when they may come, when those of before are followed again,
// and when masters have given them up.
//
// Owned by cli/worker.cc; the control thread. Masters run the tasks of an ended session elsewhere, so everything of it
// is verified dead here before the worker registers again (on-session-expired: kill).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/worker_config.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "registry/machine_load.h"
#include "registry/registration.h"
#include "worker/task_desk.h"

namespace porpoise {

struct MembershipParts {
  const WorkerConfig& config;
  TaskDesk& desk;
  const TaskTable& table;
  Metrics& metrics;
  Log& log;
  std::function<void()> on_ready;  // once, at the first registration: peers may be listened to
  std::function<void(const std::vector<std::string>& addresses)> on_masters;  // all that are registered now
};

class Membership final : public RegistrationListener {
 public:
  explicit Membership(MembershipParts parts) : parts_(std::move(parts)) {}

  void use(Registration& registration) { registration_ = &registration; }
  // From now on heartbeats keep tasks away.
  void leave();

  bool registered() const { return registered_; }
  bool connected() const { return connected_; }
  bool leaving() const { return leaving_; }

  std::string heartbeat(std::int64_t startup_time_ms) override;
  void on_registered(bool resumed, std::int64_t startup_time_ms) override;
  void on_suspended() override;
  void on_reconnected() override;
  void on_expired(std::string_view why) override;
  void on_problem(const Error& error) override;
  void on_masters(const std::vector<std::string>& addresses) override { parts_.on_masters(addresses); }
  void on_log(std::string_view line) override { parts_.log.debug(line); }

 private:
  void first_registration(bool resumed);
  void fence(const std::string& why, std::function<void()> then);

  MembershipParts parts_;
  Registration* registration_ = nullptr;
  MachineLoad load_;
  bool registered_ = false;
  bool connected_ = false;
  bool recovered_ = false;
  bool leaving_ = false;
};

}  // namespace porpoise
