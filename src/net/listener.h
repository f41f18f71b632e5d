// Accepts connections on one address and keeps those that are open. When there are too many, or they hold too much,
// those of masters stay (net/places.h).
//
// One io_context, one thread. Outlives nothing: destroying it closes every connection it accepted. What peers say goes
// to the one ListenerEvents that start() is given.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
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

// What a Listener reports, and the two questions that it asks: these it cannot post to a queue, since the answer
// decides whether a body is held or a place is taken before anything else is read. Called on the listener's thread.
class ListenerEvents {
 public:
  virtual ~ListenerEvents() = default;

  virtual void on_frame(const std::shared_ptr<Connection>& connection, wire::Frame frame) = 0;
  // A connection that was refused or broke, for the log and the count.
  virtual void on_ended(Connection::Ending ending, const std::string& text) = 0;

  // As Connection::OnHead: may this peer send such a frame, and how large a one?
  virtual std::optional<wire::FrameLimits> on_head(const std::shared_ptr<Connection>& connection,
                                                   const wire::FrameHead& head) = 0;
  // Do masters come from there?
  virtual bool is_master(const IpBytes& address) const = 0;
};

class Listener {
 public:
  // Binds now; the error names the address.
  static Result<std::unique_ptr<Listener>> open(boost::asio::io_context& io, const ListenerOptions& options);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Once; `events` is borrowed, and hears nothing before or after the loop runs.
  void start(ListenerEvents& events);
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
  ListenerEvents* events_ = nullptr;  // from start()
  std::map<Connection::Id, std::shared_ptr<Connection>> connections_;
  Connection::Id next_id_ = 1;
  bool refuses_ = false;  // the system has no descriptors for more: said once
};

}  // namespace porpoise
