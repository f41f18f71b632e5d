#include "net/connector.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/host_port.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

std::shared_ptr<Connector> Connector::start(asio::io_context& io, const std::string& address, Done done) {
  std::shared_ptr<Connector> dial(new Connector(io, std::move(done)));
  dial->resolve(io, address);
  return dial;
}

void Connector::resolve(asio::io_context& io, const std::string& address) {
  const auto server = parse_host_port(address);
  if (!server) return asio::post(io, [self = shared_from_this(), why = server.error()] { self->end(fail(why)); });
  const auto connect = [self = shared_from_this()](const error_code& problem,
                                                   const tcp::resolver::results_type& found) {
    if (!self->done_) return;
    if (problem) return self->end(fail(ErrorCode::kUnavailable, problem.message()));
    asio::async_connect(self->socket_, found, [self](const error_code& failed, const tcp::endpoint&) {
      if (failed) return self->end(fail(ErrorCode::kUnavailable, failed.message()));
      self->end(std::move(self->socket_));
    });
  };
  resolver_.async_resolve(server->host, std::to_string(server->port), connect);
}

void Connector::end(Result<tcp::socket> result) {
  if (const Done done = std::exchange(done_, nullptr)) done(std::move(result));
}

void Connector::cancel() {
  done_ = nullptr;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace porpoise
