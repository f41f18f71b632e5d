// One attempt at a connection to "HOST:PORT": the name is resolved, its addresses are tried in turn. It has no limit of
// time of its own; cancel() it.
//
// Lives on one io_context and its one thread; keeps itself, and what `done` holds, alive until it is over.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace porpoise {

class Connector : public std::enable_shared_from_this<Connector> {
 public:
  using Done = std::function<void(Result<boost::asio::ip::tcp::socket>)>;

  // `done` is called once, and not from in here.
  static std::shared_ptr<Connector> start(boost::asio::io_context& io, const std::string& address, Done done);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // `done` is let go of, and not called any more.
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
