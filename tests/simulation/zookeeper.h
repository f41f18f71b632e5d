// ZooKeeper, as far as it matters here: sessions, and the one node of the worker with the session that owns it.
//
// Owned by World. Masters hear of each removal of the node.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "simulation/random.h"
#include "simulation/timeline.h"

namespace porpoise::simulation {

class Zookeeper {
 public:
  static constexpr std::int64_t kTimeoutMs = 60'000;

  struct Node {
    std::int64_t session = 0;
    std::int64_t startup_ms = 0;  // simulated time
  };

  Zookeeper(Random& random, Timeline& timeline) : random_(random), timeline_(timeline) {}

  std::function<void()> on_node_removed;
  bool reachable = true;  // from the worker

  const std::optional<Node>& node() const { return node_; }
  bool alive(std::int64_t session) const { return sessions_.contains(session); }
  std::int64_t open_session() {
    sessions_[++last_session_] = 0;
    return last_session_;
  }
  // Its client is heard again.
  void attach(std::int64_t session) { ++sessions_.at(session); }
  // Its client is silent from now on.
  void detach(std::int64_t session) {
    if (!alive(session)) return;
    timeline_.after(kTimeoutMs + random_.between(0, 2'000), [this, session, heard = ++sessions_.at(session)] {
      const auto found = sessions_.find(session);
      if (found != sessions_.end() && found->second == heard) end(session);
    });
  }
  void end(std::int64_t session) {
    sessions_.erase(session);
    if (node_ && node_->session == session) remove_node();
  }
  // Replaces the node of another session.
  void make_node(std::int64_t session, std::int64_t startup_ms) {
    if (node_) remove_node();
    node_ = Node{session, startup_ms};
  }

 private:
  void remove_node() {
    node_.reset();
    on_node_removed();
  }

  Random& random_;
  Timeline& timeline_;
  std::optional<Node> node_;
  std::map<std::int64_t, std::uint64_t> sessions_;  // living -> how often it was silent or heard again
  std::int64_t last_session_ = 0;
};

}  // namespace porpoise::simulation
