// Accepts connections on one address and keeps those that are open. When there are too many, or they hold too much,
// those of masters stay (net/places.h).
//
// One io_context, one thread. Outlives nothing: destroying it closes every connection it accepted.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/connection.h"
#include "net/places.h"

namespace porpoise {

// Both numbers shrink where the process may have few descriptors: peers get half of them, one peer a quarter.
struct ListenerOptions {
  std::string address;  // HOST:PORT; port 0 in tests: any
  PlaceLimits places{};
  ConnectionLimits limits{};
};

// Who the peers of a listener are.
struct PeerGate {
  Connection::OnHead on_head;  // none: everybody may say everything
  std::function<bool(const IpBytes& address)>
      is_master;  // whether masters come from there; none: they come from nowhere
};

class Listener {
 public:
  using OnFrame = std::function<void(const std::shared_ptr<Connection>&, wire::Frame)>;
  // Refused and broken connections, for the log and the count.
  using OnEvent = std::function<void(Connection::Ending, const std::string& text)>;

  // Binds now; the error names the address. `first_id`: connections are numbered from there.
  static Result<std::unique_ptr<Listener>> open(boost::asio::io_context& io, const ListenerOptions& options);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  void start(OnFrame on_frame, OnEvent on_event, PeerGate gate = {});
  // Null when it is closed.
  std::shared_ptr<Connection> find(Connection::Id id) const;
  std::size_t connections() const { return connections_.size(); }
  std::uint16_t port() const;
  SocketEnd end() const;  // where it listens

 private:
  Listener(boost::asio::io_context& io, const ListenerOptions& options);
  void accept();
  void add(boost::asio::ip::tcp::socket socket);
  bool make_place(const IpBytes& peer);
  void make_room();  // in the budgets
  Acquaintance acquaintance(const IpBytes& peer) const;
  std::vector<Place> places() const;

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  ListenerOptions options_;
  OnFrame on_frame_;
  OnEvent on_event_;
  PeerGate gate_;
  std::map<Connection::Id, std::shared_ptr<Connection>> connections_;
  Connection::Id next_id_ = 1;
  bool refuses_ = false;  // the system has no descriptors for more: said once
};

}  // namespace porpoise
