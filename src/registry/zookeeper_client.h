// The connect string, and the calls that the worker makes to ZooKeeper.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/zookeeper_handle.h"

namespace porpoise {

// "zk-0:2181,zk-1:2181/chroot", as ZooKeeper clients take it. A value; pure.
struct ConnectString {
  struct Server {
    std::string host;
    std::uint16_t port = 2181;
  };
  std::vector<Server> servers;  // at least one
  std::string chroot;           // "/a/b", or empty
  std::string text;             // as it was given
};

// "[::1]:2181" is an IPv6 server; a missing port is 2181.
Result<ConnectString> parse_connect_string(std::string_view text);

// A session with a ZooKeeper ensemble, kept connected for ever: names are resolved anew at every attempt, so servers
// may move; attempts that hang are given up for other servers. The listener decides what an ended session means.
//
// Lives on one io_context and its one thread. The listener outlives it and may destroy it in any of its functions.
class ZookeeperListener {
 public:
  virtual ~ZookeeperListener() = default;
  virtual void on_connected(const ZookeeperSession& session) = 0;  // after each (re)connect
  virtual void on_disconnected() = 0;                              // it is being reconnected
  virtual void on_expired() = 0;                                   // the server says so; the client does no more
  virtual void on_attempt_failed(const Error& error) = 0;          // often; the next attempt follows by itself
  virtual void on_changed(const std::string& path) = 0;            // of a watched node; watches end with the connection
  virtual void on_log(std::string_view line) = 0;                  // of the C library
};

class ZookeeperClient {
 public:
  struct Options {
    ConnectString servers;
    std::chrono::milliseconds session_timeout{0};
    std::string digest;
    std::optional<ZookeeperSession> resume;
  };

  ZookeeperClient(boost::asio::io_context& io, Options options, ZookeeperListener& listener);
  ZookeeperClient(const ZookeeperClient&) = delete;
  ZookeeperClient& operator=(const ZookeeperClient&) = delete;
  ~ZookeeperClient();  // leaves the session to the server, until it times out there

  // Ends the session, if connected. Blocks for up to 4.5 s when the server hangs.
  void close();

  // For calls while connected, else null. A disconnect makes the answers to outstanding calls an error, or forgets
  // them.
  ZookeeperHandle* handle();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace porpoise
