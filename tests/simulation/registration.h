// How the worker registers: the model of registry/registration.h, which needs a real ZooKeeper and is tested with one.
//
// Owned by Daemon, one per process.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "simulation/machine.h"
#include "simulation/zookeeper.h"

namespace porpoise::simulation {

class Registration {
 public:
  struct Parts {
    Random& random;
    Timeline& timeline;
    Machine& machine;
    Zookeeper& zookeeper;
    // Later, in the daemon, if that process lives then.
    std::function<void(std::int64_t ms, std::function<void()>)> later;
    std::function<void(bool resumed)> on_registered;
    std::function<void()> on_expired;
    int address = 0;  // of this worker
  };

  explicit Registration(Parts parts) : parts_(std::move(parts)) {}

  void start();
  void register_again();
  void allow_takeover(bool allowed);
  void close();

  // From the world.
  void connection_changed();
  void session_ended();  // the server says so
  // Whether the server has ended the session that it thinks is its own.
  bool is_outdated() const { return session_ != 0 && !parts_.zookeeper.alive(session_); }
  void process_killed();  // nobody is told; the session goes on for a while

 private:
  enum class Purpose { kNew, kResume, kEnd };
  enum class Phase { kConnecting, kRegistered, kSuspended, kLost };

  void connect();
  void connected();
  void claim();
  void registered(bool resumed);
  void limit_session(std::int64_t ms);
  void lose();
  bool heard() const { return parts_.zookeeper.reachable; }

  Parts parts_;
  Purpose purpose_ = Purpose::kNew;
  Phase phase_ = Phase::kConnecting;
  std::int64_t session_ = 0;
  std::optional<std::int64_t> old_session_;
  std::int64_t startup_ms_ = 0;
  bool takeover_allowed_ = false;
  std::uint64_t attempt_ = 0;  // outdates what was planned before
};

}  // namespace porpoise::simulation
