// Connections between masters and the worker. On one of them everything comes in order or not at all; between them
// there is no order. They break, and what is on its way is lost then without a word.
//
// Owned by World.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "simulation/random.h"
#include "simulation/timeline.h"

namespace porpoise::simulation {

inline constexpr int kMasters = 2;

// Whose connection it is: masters give orders on theirs, the worker reports on its own, and ACKs come back on that.
enum class Way { kOrders, kReports };

class Network {
 public:
  Network(Random& random, Timeline& timeline) : random_(random), timeline_(timeline) {}

  // One connection, as long as it lasts.
  struct Connection {
    int master = 0;
    Way way = Way::kOrders;
    std::uint64_t number = 0;
  };
  Connection connection(int master, Way way) const { return {master, way, line(master, way).number}; }
  bool open(const Connection& connection) const {
    return line(connection.master, connection.way).number == connection.number;
  }

  void carry(const Connection& connection, bool towards_worker, Timeline::Action action) {
    std::int64_t& last = line(connection.master, connection.way).last[towards_worker ? 1 : 0];
    last = std::max(last, timeline_.now() + random_.skewed(1, 3'000));
    timeline_.at(last, [this, connection, action = std::move(action)] {
      if (open(connection)) action();
    });
  }

  void break_connection(int master, Way way) { ++line(master, way).number; }
  void break_connections(int master) {
    for (const Way way : {Way::kOrders, Way::kReports}) break_connection(master, way);
  }
  void break_all() {
    for (int master = 0; master < kMasters; ++master) break_connections(master);
  }

  bool cut(int master, Way way) const { return line(master, way).cut; }
  void set_cut(int master, Way way, bool cut) {
    line(master, way).cut = cut;
    if (cut) break_connection(master, way);
  }

 private:
  struct Line {
    std::uint64_t number = 1;
    bool cut = false;  // nobody can connect
    std::array<std::int64_t, 2> last{};
  };
  Line& line(int master, Way way) { return lines_.at(static_cast<std::size_t>(master * 2 + (way == Way::kOrders))); }
  const Line& line(int master, Way way) const {
    return lines_.at(static_cast<std::size_t>(master * 2 + (way == Way::kOrders)));
  }

  Random& random_;
  Timeline& timeline_;
  std::array<Line, 2 * kMasters> lines_{};
};

}  // namespace porpoise::simulation
