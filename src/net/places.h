// Which connections of peers stay when there are too many of them, or they hold too much: those of masters first, those
// of strangers last.
//
// Pure values and functions; the Listener applies them. A master is known by its address before it has said anything;
// what it may say is decided elsewhere (Connection::Events::on_head).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/network_address.h"

namespace porpoise {

// The better known one comes later.
enum class Acquaintance {
  kStranger,
  kMastersAddress,  // it comes from where a master is registered, or which an administrator has named
  kMaster,          // what it said was let through as a master's
};

// One connection.
struct Place {
  std::uint64_t id = 0;
  IpBytes peer{};
  Acquaintance acquaintance = Acquaintance::kStranger;
  bool has_spoken = false;  // a whole frame has come of it, or one that waits to be let through
  std::size_t held_bytes = 0;
  std::chrono::steady_clock::time_point last_traffic{};
};

struct PlaceLimits {
  std::size_t most = 1024;
  std::size_t most_of_a_peer = 128;  // a Java peer has one per channel pool: a handful
  // Strangers get what is left, so that a new master needs nobody's place.
  std::size_t reserved_for_masters() const { return most / 4; }
};

// What becomes of a connection that comes now.
struct Entry {
  bool allowed = true;
  std::optional<std::uint64_t> leaves;  // whose place it takes
};

// The places of strangers are taken first: of those that have never spoken the middle one, by when it came, then of
// those that were silent longest. So neither a master that has been there since before a crowd came, nor one that comes
// through it, loses its place to it. A connection that was let through as a master's leaves for nobody.
Entry enter(const std::vector<Place>& places, const IpBytes& peer, Acquaintance acquaintance, PlaceLimits limits);

// Who is to leave when all of them together hold too many bytes; nothing when nobody holds any. `strangers_only`: their
// part is too much. By the same order, but the bytes of masters are not safe from masters.
std::optional<std::uint64_t> holder_to_leave(const std::vector<Place>& places, bool strangers_only);

}  // namespace porpoise
