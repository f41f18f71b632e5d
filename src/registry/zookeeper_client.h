// A session with a ZooKeeper ensemble, kept connected for ever: names are resolved anew at every attempt, so servers
// may move; attempts that hang are given up for other servers. The listener decides what an ended session means.
//
// Lives on one io_context and its one thread. The listener outlives it and may destroy it in any of its functions.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/connect_string.h"
#include "registry/zookeeper_handle.h"

namespace porpoise {

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
