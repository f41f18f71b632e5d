// Who may give this worker tasks: the masters that are registered in ZooKeeper, and those an administrator has named.
// (A 3.1 worker asks no peer who it is; its port runs whatever comes.)
//
// Owned by cli/worker.cc; the control thread. A master may speak before ZooKeeper has reported it, and a dispatch that
// is lost hangs for ever; so what an unknown peer sends is held for a moment, in order, and unread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/network_address.h"

namespace porpoise {

struct GateLimits {
  std::chrono::milliseconds patience{5000};  // ZooKeeper reports a new master within a fraction of that
  std::size_t max_held_bytes = 32U << 20U;   // of all unknown peers together
  std::size_t max_held_messages = 4096;
};

class PeerAuthorizer {
 public:
  PeerAuthorizer(boost::asio::io_context& io, AddressRanges named, GateLimits limits = {});
  PeerAuthorizer(const PeerAuthorizer&) = delete;
  PeerAuthorizer& operator=(const PeerAuthorizer&) = delete;

  // All that are registered, "host:port" each. Names are resolved, and again when an unknown peer connects.
  void set_registered(const std::vector<std::string>& masters);

  // Instead of those named so far.
  void set_named(AddressRanges named);

  // Calls `go`, now or as soon as `peer` is known as a master; or `refuse`, when it is not within the patience or too
  // much is held.
  void pass(const IpBytes& peer, std::size_t bytes, std::function<void()> go, std::function<void()> refuse);

 private:
  struct Held {
    IpBytes peer;
    std::size_t bytes;
    std::function<void()> go;
    std::function<void()> refuse;
    std::chrono::steady_clock::time_point until;
  };
  bool knows(const IpBytes& peer) const { return masters_.contains(peer) || named_.contains(peer); }
  void resolve_names();
  void release();
  void arm();
  void refuse_overdue();

  AddressRanges named_;
  const GateLimits limits_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::vector<std::string> names_;  // of registered masters that did not register an address
  std::set<IpBytes> masters_;
  std::deque<Held> held_;
  std::size_t held_bytes_ = 0;
  bool resolving_ = false;
};

}  // namespace porpoise
