// The worker's own connections, one per master, made when there is something to say (3.1 `NettyRemotingClient`).
//
// One io_context, one thread. Nothing is queued beyond the connect in progress: what cannot be sent is handed back at
// once, and the outbox knows when to try again.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "net/connection.h"

namespace porpoise {

struct LinkOptions {
  std::chrono::milliseconds connect_timeout{3000};  // 3.1 `NettyClientConfig`
  std::chrono::milliseconds heartbeat_after{6000};  // of silence from the other side (3.1 `NettyClientHandler`)
  ConnectionLimits limits{};
};

class MasterLinks {
 public:
  using OnFrame = std::function<void(const std::string& master, const wire::Frame&)>;
  using MakeHeartbeat = std::function<std::string()>;  // a whole frame
  using NotSent = std::function<void(const std::string& why)>;
  using OnEvent = std::function<void(const std::string& text)>;

  MasterLinks(boost::asio::io_context& io, LinkOptions options, OnFrame on_frame, MakeHeartbeat heartbeat,
              OnEvent on_event);
  MasterLinks(const MasterLinks&) = delete;
  MasterLinks& operator=(const MasterLinks&) = delete;
  ~MasterLinks();

  // `not_sent` is called when the bytes certainly did not reach `master` ("host:port"), later or from inside.
  void send(const std::string& master, std::string bytes, NotSent not_sent);
  std::size_t connections() const { return links_.size(); }

 private:
  class Link;
  void beat();

  boost::asio::io_context& io_;
  const LinkOptions options_;
  const OnFrame on_frame_;
  const MakeHeartbeat heartbeat_;
  const OnEvent on_event_;
  boost::asio::steady_timer beat_;
  std::map<std::string, std::shared_ptr<Link>> links_;
  std::set<std::string> unreachable_;  // said once, not at each attempt
};

}  // namespace porpoise
