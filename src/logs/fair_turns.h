// Whose turn it is: among peers, and then among the connections of each, so that one that asks with a hundred
// connections waits as long as one that asks with one.
//
// A value; pure. Those that are quick come first, but not always: every fourth turn is for one that takes long.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/network_address.h"

namespace porpoise {

class FairTurns {
 public:
  enum class Pace { kQuick, kLong };

  // It waits for one turn, behind the others of its peer.
  void add(const IpBytes& peer, std::uint64_t connection, Pace pace);
  void remove(std::uint64_t connection);

  // The next one of a peer that `may` have a turn; it does not wait any more.
  std::optional<std::uint64_t> next(const std::function<bool(const IpBytes& peer)>& may);

 private:
  struct Peer {
    IpBytes address;
    std::deque<std::uint64_t> connections;  // at least one
  };
  using Ring = std::deque<Peer>;  // the one that has waited longest stands first
  static std::optional<std::uint64_t> take(Ring& ring, const std::function<bool(const IpBytes& peer)>& may);

  Ring quick_;
  Ring long_;
  int quick_in_a_row_ = 0;
};

}  // namespace porpoise
