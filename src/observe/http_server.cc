#include "observe/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/http_connection.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using AsioError = boost::system::error_code;

constexpr std::chrono::milliseconds kPauseAfterError{
    200};  // accept fails again and again while descriptors are used up

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

Result<HostPort> parse_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  HostPort parsed{address.substr(0, colon), 0};
  const bool bracketed = parsed.host.size() > 2 && parsed.host.front() == '[' && parsed.host.back() == ']';
  if (bracketed) parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  const std::string_view digits = colon == std::string::npos ? "" : std::string_view(address).substr(colon + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port);
  if (problem != std::errc() || end != digits.data() + digits.size() ||
      (!bracketed && parsed.host.find(':') != std::string::npos))
    return fail(ErrorCode::kInvalid, "'" + address + "' for health and metrics is not HOST:PORT (key 'http')");
  if (parsed.host.empty()) parsed.host = "127.0.0.1";
  return parsed;
}

tl::unexpected<Error> cannot_listen(const std::string& address, const AsioError& problem) {
  return fail(ErrorCode::kUnavailable, "cannot serve health and metrics on " + address + ": " + problem.message() +
                                           "; choose another address with the key 'http'");
}

Status listen(tcp::acceptor& acceptor, const std::string& address) {
  PORPOISE_TRY(const HostPort parsed, parse_address(address));
  AsioError problem;
  tcp::resolver resolver(acceptor.get_executor());
  const auto found = resolver.resolve(parsed.host, std::to_string(parsed.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, problem);
  if (problem || found.empty()) return cannot_listen(address, problem);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  if (!problem) acceptor.open(endpoint.protocol(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(endpoint, problem);
  if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
  if (problem) return cannot_listen(address, problem);
  return {};
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& io, HttpPages pages, HttpLimits limits)
      : acceptor_(io), pause_(io), pages_(std::move(pages)), limits_(limits) {}

  Status listen_on(const std::string& address) {
    PORPOISE_TRY_VOID(listen(acceptor_, address));
    accept();
    return {};
  }

  void close() {
    AsioError ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& weak : connections_)
      if (const auto connection = weak.lock()) connection->close();
  }

  std::uint16_t port() const {
    AsioError ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

 private:
  void accept() {
    acceptor_.async_accept([weak = weak_from_this()](const AsioError& problem, tcp::socket socket) {
      const auto self = weak.lock();
      if (!self || !self->acceptor_.is_open()) return;
      if (problem) return self->accept_later();
      self->take(std::move(socket));
      self->accept();
    });
  }

  void accept_later() {
    pause_.expires_after(kPauseAfterError);
    pause_.async_wait([weak = weak_from_this()](const AsioError& problem) {
      const auto self = weak.lock();
      if (self && !problem && self->acceptor_.is_open()) self->accept();
    });
  }

  void take(tcp::socket socket) {
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    if (connections_.size() >= limits_.max_connections) return;
    const auto connection = std::make_shared<HttpConnection>(std::move(socket), pages_, limits_);
    connections_.push_back(connection);
    connection->serve();
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  const HttpPages pages_;
  const HttpLimits limits_;
  std::vector<std::weak_ptr<HttpConnection>> connections_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(asio::io_context& io, const std::string& address, HttpPages pages,
                                                      HttpLimits limits) {
  auto impl = std::make_shared<Impl>(io, std::move(pages), limits);
  PORPOISE_TRY_VOID(impl->listen_on(address));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::~HttpServer() { impl_->close(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace porpoise
