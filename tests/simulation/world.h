// One simulated run: a worker, its machine, two masters, ZooKeeper and the network, a while of faults, then a while
// without.
//
// The same seed gives the same history.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "simulation/checker.h"
#include "simulation/daemon.h"

namespace porpoise::simulation {

class World final : private WorkerPort {
 public:
  explicit World(std::uint64_t seed, Defect defect = Defect::kNone);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void run();
  const History& history() const { return history_; }
  const Promises& promises() const { return promises_; }

 private:
  // WorkerPort
  bool listens() const override { return worker_.daemon && worker_.daemon->listens(); }
  void dispatch(int master, std::int64_t id, int delay_minutes) override;
  void kill(int master, std::int64_t id) override;
  void update_host(std::int64_t id, int master) override;
  void acknowledge(Outbox::Key key) override;

  void plan();
  void strike();
  void quieten();
  std::int64_t held() const;

  // One worker process, or the place of one.
  struct Process {
    std::uint64_t number = 0;  // outdates what an earlier one has planned
    std::unique_ptr<Daemon> daemon;
    bool gone = false;  // asked to be, by the daemon itself
  };
  void start_worker();
  void end_worker(What why, std::int64_t restart_ms);
  // Somebody starts a second worker on the data folder of the first, which may live.
  void start_neighbour();
  void end_neighbour();
  // False: it is turned away.
  bool start(Process& process, int address);
  void cut_power();
  // As part of a worker process, which may be killed in there.
  void inside(Process& process, const std::function<void()>& action);
  void inside(const std::function<void()>& action) { inside(worker_, action); }
  void later(std::int64_t ms, Process& process, std::function<void()> action);
  void step();
  std::int64_t disk_ms();
  void cut_zookeeper(std::int64_t ms);
  void end_session();
  void connection_changed();
  void session_ended();
  void cut_master(int master, std::int64_t ms);

  Random random_;
  Timeline timeline_;
  History history_;
  Promises promises_;
  Machine machine_;
  Network network_;
  Zookeeper zookeeper_;
  Masters masters_;
  Process worker_;
  Process neighbour_;
  std::int64_t steps_to_crash_ = -1;
  const Defect defect_;
  bool disk_works_ = true;
  bool disk_is_slow_ = false;
  bool quiet_ = false;
};

}  // namespace porpoise::simulation
