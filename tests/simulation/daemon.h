// One process of the worker: the real TaskTable, Outbox, MembershipState and recovery rule, with a simulated world
// around them.
//
// Owned by World, which makes a new one after each crash. What stands here for src/worker (TaskDesk, TaskDeeds,
// TaskExecutor, GracefulShutdown) is kept as thin as it can be: it decides nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/membership_state.h"
#include "engine/task_table.h"
#include "simulation/machine.h"
#include "simulation/masters.h"
#include "simulation/network.h"
#include "simulation/registration.h"

namespace porpoise::simulation {

// Thrown where the process is killed; nothing of it runs on.
struct Crash {};

struct DaemonDeps {
  Random& random;
  Timeline& timeline;
  History& history;
  Machine& machine;
  Network& network;
  Masters& masters;
  Zookeeper& zookeeper;
  bool keep_tasks = false;
  bool disk_lies = false;
  TableSettings settings{};
  // Called before and after everything that leaves a trace outside of the process; may throw Crash.
  std::function<void()> step{};
  // Whether the disk takes what is new now.
  std::function<bool()> disk_works{};
  // Runs it later as part of this process, if it lives then.
  std::function<void(std::int64_t ms, std::function<void()>)> later{};
  std::function<void()> on_gone{};
};

class Daemon final : public TaskEffects, public MembershipEffects, public HostFollower {
 public:
  explicit Daemon(DaemonDeps parts);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() override;

  void start() { registration_.start(); }
  bool listens() const { return listens_; }
  Registration& registration() { return registration_; }
  const TaskTable& table() const { return table_; }

  // From masters.
  void take_dispatch(int master, std::int64_t id, int delay_minutes);
  void take_kill(std::int64_t id);
  void take_host_update(std::int64_t id, int master);
  void take_ack(Outbox::Key key);
  // From the operating system.
  void sigterm();

  void host_tells_app_id(std::int64_t id, const std::string& app_id) override;
  void host_ended(std::int64_t id, const std::optional<TaskResult>& result) override;

 private:
  // TaskEffects
  bool keep(std::int64_t id, std::string_view body) override;
  void keep_master(const AcceptedTask& task) override;
  void start(const AcceptedTask& task) override;
  void cancel(const AcceptedTask& task, const std::string& reason, bool at_once) override;
  void record(const AcceptedTask& task, const TaskResult& result) override;
  void abandon(std::int64_t id) override;
  void forget(std::int64_t id) override;
  void send(std::optional<Outbox::Key> key, const MasterMessage& message) override;
  void answer_kill(ReplyTo asker, const wire::KillAnswer& answer) override;
  void gave_up(Outbox::Key key) override;

  // MembershipEffects
  void recover(Ownership ownership) override;
  void allow_takeover(bool allowed) override;
  void fence(const std::string& reason) override;
  void open() override;
  void listen() override { listens_ = true; }
  void register_again() override { registration_.register_again(); }

  AcceptedTask accepted(const wire::DispatchTask& dispatch) const;
  void recover_one(std::int64_t id, const Folder& folder, Ownership ownership);
  void adopt(std::int64_t id);
  void write_result(const TaskResult& result);
  void end_without_host(std::int64_t id);
  void put_on_wire(std::optional<Outbox::Key> key, std::int64_t id, int master);
  void when_idle(std::function<void()> then);
  void end_at_once();
  void flush(std::int64_t limit);
  void after_event();
  void note(What what, std::int64_t id = 0, std::int64_t number = 0, std::string text = "", std::string peer = "");

  DaemonDeps parts_;
  TaskTable table_;
  MembershipState standing_;
  Registration registration_;
  std::set<std::int64_t> followed_;  // hosts, and whether they were started here
  std::set<std::int64_t> adopted_;
  std::vector<std::function<void()>> on_idle_;
  std::optional<wire::DispatchTask> arriving_;  // what `body` stands for
  std::int64_t next_wakeup_ = -1;
  ReplyTo next_asker_ = 1;
  bool listens_ = false;
  bool rejecting_ = false;
  bool draining_ = false;
  bool ending_ = false;
};

}  // namespace porpoise::simulation
