// Two masters that share what a database holds: task instances, who owns them and how they stand. They dispatch, kill,
// repeat themselves, acknowledge late, twice or not at all, die, and take each other's tasks over.
//
// Owned by World. After `quieten()` they do all that a good master does, and nothing new.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "engine/outbox.h"
#include "simulation/history.h"
#include "simulation/network.h"
#include "simulation/zookeeper.h"

namespace porpoise::simulation {

// Where masters' orders arrive: at the worker process of that time, if it listens.
class WorkerPort {
 public:
  virtual ~WorkerPort() = default;
  virtual bool listens() const = 0;
  virtual void dispatch(int master, std::int64_t id, int delay_minutes) = 0;
  virtual void kill(int master, std::int64_t id) = 0;
  virtual void update_host(std::int64_t id, int master) = 0;
  virtual void acknowledge(Outbox::Key key) = 0;
};

class Masters {
 public:
  Masters(Random& random, Timeline& timeline, History& history, Network& network, Zookeeper& zookeeper,
          WorkerPort& worker);

  static std::string name(int master) { return "m:" + std::to_string(master); }

  // --- What people and fate do ---
  void submit();
  void kill_some();
  void crash(int master);
  void quieten();

  // --- From the worker ---
  bool alive(int master) const { return state(master).alive; }
  void receive(const Network::Connection& connection, Outbox::Key key);
  void receive_delay(const Network::Connection& connection, std::int64_t id);  // acknowledged as a RESULT is
  void node_removed();

  // Those that acknowledge whatever they are told, between two spaces each.
  std::string good() const;
  int submitted() const { return static_cast<int>(instances_.size()); }

 private:
  enum class Stage { kQueued, kDispatched, kFinished, kKilled, kElsewhere };
  struct Instance {
    Stage stage = Stage::kQueued;
    int owner = 0;
    std::int64_t dispatched_at = 0;
    int delay_minutes = 0;
    int rejections = 0;
  };
  struct State {
    bool alive = true;
    bool forgetful = false;  // has been started anew, and drops what it does not know without a word
  };
  State& state(int master) { return states_.at(static_cast<std::size_t>(master)); }
  const State& state(int master) const { return states_.at(static_cast<std::size_t>(master)); }

  // To the worker, if it is reached.
  bool order(int master, Timeline::Action action);
  void dispatch(std::int64_t id);
  void repeat_dispatch(std::int64_t id);
  void kill(std::int64_t id);
  void answer(const Network::Connection& connection, Outbox::Key key, int times);
  void take_over(int from);
  void start(int master);
  void fail_over(int master);

  Random& random_;
  Timeline& timeline_;
  History& history_;
  Network& network_;
  Zookeeper& zookeeper_;
  WorkerPort& worker_;
  std::array<State, kMasters> states_{};
  std::map<std::int64_t, Instance> instances_;
  const bool acknowledge_killed_;
  const bool drop_unknown_;
  bool quiet_ = false;
};

}  // namespace porpoise::simulation
