// Who may give this worker tasks: the masters that are registered in ZooKeeper, and those an administrator has named.
// (A 3.1 worker asks no peer who it is; its port runs whatever comes.)
//
// Owned by Daemon; the control thread. A master may speak before ZooKeeper has reported it, and a dispatch that
// is lost hangs for ever; so an unknown peer waits for a moment, with what it sends unread in its connection.
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
#include "base/result.h"

namespace porpoise {

struct GateLimits {
  std::chrono::milliseconds patience{5000};  // ZooKeeper reports a new master within a fraction of that
  std::size_t max_waiting = 4096;
};

class PeerAuthorizer {
 public:
  using Answer = std::function<void(Status may)>;

  PeerAuthorizer(boost::asio::io_context& io, AddressRanges named, GateLimits limits = {});
  PeerAuthorizer(const PeerAuthorizer&) = delete;
  PeerAuthorizer& operator=(const PeerAuthorizer&) = delete;

  // All that are registered, "host:port" each. Names are resolved, and again when an unknown peer connects.
  void set_registered(const std::vector<std::string>& masters);

  // Instead of those named so far.
  void set_named(AddressRanges named);

  // Whether a master is registered with this address, or it was named.
  bool knows(const IpBytes& peer) const { return masters_.contains(peer) || named_.contains(peer); }

  // Where masters listen, as far as it is known: those that registered an address, or a name that was resolved.
  const std::vector<SocketEnd>& registered() const { return ends_; }

  // Answers as soon as `peer` is known as a master's address, or, with kDenied, when it is not within the patience or
  // too many wait. Once, and never from inside.
  void ask(const IpBytes& peer, Answer answer);

 private:
  struct Waiting {
    IpBytes peer;
    Answer answer;
    std::chrono::steady_clock::time_point until;
  };
  void add(const SocketEnd& master);
  void resolve_names();
  void release();
  void arm();
  void refuse_overdue();

  boost::asio::io_context& io_;
  AddressRanges named_;
  const GateLimits limits_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::vector<HostPort> names_;  // of registered masters that did not register an address
  std::vector<SocketEnd> ends_;
  std::set<IpBytes> masters_;
  std::deque<Waiting> waiting_;
  bool resolving_ = false;
};

}  // namespace porpoise
