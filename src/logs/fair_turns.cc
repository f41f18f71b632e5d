#include "logs/fair_turns.h"

#include <algorithm>
#include <utility>

namespace porpoise {
namespace {

constexpr int kQuickInARow = 3;

}  // namespace

void FairTurns::add(const IpBytes& peer, std::uint64_t connection, Pace pace) {
  Ring& ring = pace == Pace::kQuick ? quick_ : long_;
  const auto known = std::find_if(ring.begin(), ring.end(), [&](const Peer& one) { return one.address == peer; });
  if (known == ring.end())
    ring.push_back({peer, {connection}});
  else
    known->connections.push_back(connection);
}

void FairTurns::remove(std::uint64_t connection) {
  for (Ring* const ring : {&quick_, &long_}) {
    for (Peer& peer : *ring) std::erase(peer.connections, connection);
    std::erase_if(*ring, [](const Peer& peer) { return peer.connections.empty(); });
  }
}

std::optional<std::uint64_t> FairTurns::next(const std::function<bool(const IpBytes& peer)>& may) {
  const bool long_first = quick_in_a_row_ >= kQuickInARow;
  auto taken = take(long_first ? long_ : quick_, may);
  quick_in_a_row_ = taken && !long_first ? quick_in_a_row_ + 1 : 0;
  if (!taken) taken = take(long_first ? quick_ : long_, may);
  return taken;
}

std::optional<std::uint64_t> FairTurns::take(Ring& ring, const std::function<bool(const IpBytes& peer)>& may) {
  const auto found = std::find_if(ring.begin(), ring.end(), [&](const Peer& peer) { return may(peer.address); });
  if (found == ring.end()) return std::nullopt;
  Peer peer = std::move(*found);
  ring.erase(found);
  const std::uint64_t connection = peer.connections.front();
  peer.connections.pop_front();
  if (!peer.connections.empty()) ring.push_back(std::move(peer));
  return connection;
}

}  // namespace porpoise
