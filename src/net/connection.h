// One TCP connection that speaks frames, whoever opened it.
//
// Lives on one io_context and its one thread; kept alive by its own pending operations, so holders may keep weak
// pointers. Bytes from a peer are bounded: a frame that breaks a limit, or is not whole in time, closes the connection.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/network_address.h"
#include "base/result.h"
#include "wire/frame.h"

namespace porpoise {

IpBytes ip_bytes(const boost::asio::ip::address& address);

// What all connections of one side hold together: a thousand peers that each keep within their limits could still take
// all memory.
struct ByteBudget {
  std::size_t most = 256U << 20U;
  std::size_t held = 0;
  bool exceeded() const { return held > most; }
};

struct ConnectionLimits {
  wire::FrameLimits frame{};
  std::chrono::milliseconds frame_deadline{10000};  // from the first byte of a frame to its last
  std::chrono::milliseconds idle_limit{181000};     // without a byte in either direction (3.1 `NettyServerHandler`)
  // For the first whole frame of a peer that has connected to us. None: as for any other.
  std::optional<std::chrono::milliseconds> first_frame_limit = std::nullopt;
  // For a peer to take what it is sent. None: for as long as it is not idle.
  std::optional<std::chrono::milliseconds> write_limit = std::nullopt;
  std::size_t max_unsent_bytes = 64U << 20U;        // above that, the connection of a peer that does not read is closed
  std::shared_ptr<ByteBudget> budget = nullptr;     // none: only what is above counts
  std::shared_ptr<ByteBudget> strangers = nullptr;  // the part of it for connections that are not trusted
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Id = std::uint64_t;

  enum class Ending {
    kOrderly,    // by the peer, between two frames, or by us
    kMalformed,  // what came is no frame, or one that claims too much
    kDeadline,   // the rest of a frame did not come in time
    kOther,
  };

  // Asked about each frame as soon as its command is known, before its body is held: within which limits it is read.
  // Nothing: no more is read until go_on() or close(), which must come later, not from inside.
  using OnHead =
      std::function<std::optional<wire::FrameLimits>(const std::shared_ptr<Connection>&, const wire::FrameHead&)>;

  struct Events {
    std::function<void(const std::shared_ptr<Connection>&, wire::Frame)> on_frame;
    // Once; `why` is empty when the peer closed in between two frames.
    std::function<void(const std::shared_ptr<Connection>&, Ending, const std::string& why)> on_closed;
    OnHead on_head = {};  // none: every frame within ConnectionLimits::frame
    // A budget is exceeded: whoever is to leave is closed, perhaps this one. None: this one is.
    std::function<void()> on_exceeded = {};
  };

  static std::shared_ptr<Connection> make(boost::asio::ip::tcp::socket socket, Id id, Events events,
                                          ConnectionLimits limits = {});

  void start();
  // False when it is closed or its peer has too much unread.
  bool send(std::string bytes);
  // Calls `then` once all that was sent so far has been written, or the connection has ended; at once if so already.
  void after_sent(std::function<void()> then);
  void close(const std::string& why, Ending ending = Ending::kOther);
  // Reads the frame that on_head has held back.
  void go_on(wire::FrameLimits limits);
  // What it said was let through as a master's: what it holds is no stranger's any more.
  void trust();

  bool open() const { return open_; }
  Id id() const { return id_; }
  const std::string& peer() const { return peer_; }  // "address:port"
  const IpBytes& address() const { return peer_end_.address; }
  const SocketEnd& peer_end() const { return peer_end_; }
  const SocketEnd& own_end() const { return own_end_; }
  bool trusted() const { return trusted_; }
  bool has_spoken() const { return has_spoken_ || held_back_; }
  std::size_t held_bytes() const { return decoder_.held_bytes() + unsent_bytes_; }
  std::chrono::steady_clock::time_point last_traffic() const { return last_traffic_; }
  std::chrono::steady_clock::time_point last_read() const { return last_read_; }

 private:
  Connection(boost::asio::ip::tcp::socket socket, Id id, Events events, ConnectionLimits limits);

  void read();
  void take(std::string_view bytes);
  void take_frames();
  bool take_head();  // false: the frame is not to be read now
  void write();
  void watch();
  void count_held();     // in the budgets, after what is held has changed
  bool within_budget();  // the same; false: this one had to leave

  boost::asio::ip::tcp::socket socket_;
  const Id id_;
  Events events_;
  const ConnectionLimits limits_;
  std::string peer_;
  SocketEnd peer_end_;
  SocketEnd own_end_;
  wire::FrameDecoder decoder_;
  std::string buffer_;
  std::deque<std::string> unsent_;
  std::size_t unsent_bytes_ = 0;
  std::vector<std::function<void()>> after_sent_;
  std::size_t counted_bytes_ = 0;  // in the budget
  std::size_t counted_as_stranger_ = 0;
  boost::asio::steady_timer watch_;
  const std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point last_read_;
  std::chrono::steady_clock::time_point last_traffic_;
  std::chrono::steady_clock::time_point frame_began_;
  std::chrono::steady_clock::time_point write_began_;  // of the first of unsent_
  bool mid_frame_ = false;
  bool has_spoken_ = false;  // a whole frame has come
  bool head_taken_ = false;  // of the frame at hand
  bool held_back_ = false;   // the frame at hand, by on_head
  bool trusted_ = false;
  bool open_ = true;
};

// One attempt at a connection to "HOST:PORT": the name is resolved, its addresses are tried in turn. It has no limit of
// time of its own; cancel() it.
//
// Lives on one io_context and its one thread; keeps itself, and what `done` holds, alive until it is over.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  using Done = std::function<void(Result<boost::asio::ip::tcp::socket>)>;

  // `done` is called once, and not from in here.
  static std::shared_ptr<Connector> start(boost::asio::io_context& io, const std::string& address, Done done);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Releases `done`, which is not called any more.
  void cancel();

 private:
  Connector(boost::asio::io_context& io, Done done) : resolver_(io), socket_(io), done_(std::move(done)) {}
  void resolve(boost::asio::io_context& io, const std::string& address);
  void end(Result<boost::asio::ip::tcp::socket> result);

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  Done done_;
};

}  // namespace porpoise
