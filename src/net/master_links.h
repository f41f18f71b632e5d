// The worker's own connections, one per master, made when there is something to say (3.1 `NettyRemotingClient`).
//
// One io_context, one thread. Nothing is queued beyond the connect in progress: what cannot be sent is reported at
// once, and the outbox knows when to try again.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "net/connection.h"
#include "wire/messages.h"

namespace porpoise {

struct LinkOptions {
  std::chrono::milliseconds connect_timeout{3000};  // 3.1 `NettyClientConfig`
  std::chrono::milliseconds heartbeat_after{6000};  // of silence from the other side (3.1 `NettyClientHandler`)
  ConnectionLimits limits{};
};

// What becomes of the links and of what is sent over them; on their thread, possibly from inside send(). What concerns
// the rules, its one implementation in the worker (FrameRouter) posts to the loop.
class MasterLinkEvents {
 public:
  virtual ~MasterLinkEvents() = default;

  virtual void on_frame(const std::string& master, const wire::Frame& frame) = 0;
  // The bytes of this message certainly did not reach their master.
  virtual void on_not_sent(const wire::MessageKey& key, const std::string& why) = 0;
  // A master cannot be reached, or is again: once each, for the log.
  virtual void on_link(const std::string& text) = 0;
  // Asked of what had to wait for the connection to `master`: false, and it is dropped without a word.
  virtual bool still_due(const wire::MessageKey& key, const std::string& master) = 0;
  // The bytes of a whole frame for a master that was silent for long.
  virtual std::string heartbeat() = 0;
};

class MasterLinks {
 public:
  // `events` is borrowed.
  MasterLinks(boost::asio::io_context& io, LinkOptions options, MasterLinkEvents& events);
  MasterLinks(const MasterLinks&) = delete;
  MasterLinks& operator=(const MasterLinks&) = delete;
  ~MasterLinks();

  // To `master` ("host:port"). `key`: what on_not_sent() is called with; none: it is not.
  void send(const std::string& master, std::string bytes, std::optional<wire::MessageKey> key);
  std::size_t connections() const { return links_.size(); }

 private:
  class Link;
  void beat();
  void not_sent(const std::optional<wire::MessageKey>& key, const std::string& why);

  boost::asio::io_context& io_;
  const LinkOptions options_;
  MasterLinkEvents& events_;
  boost::asio::steady_timer beat_;
  std::map<std::string, std::shared_ptr<Link>> links_;
  std::set<std::string> unreachable_;  // said once, not at each attempt
};

}  // namespace porpoise
