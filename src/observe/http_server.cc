#include "observe/http_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

#include "base/network_address.h"
#include "observe/page.h"

namespace porpoise {
namespace {

const char* status(bool up) { return up ? "UP" : "DOWN"; }

OrderedJson render(const HealthComponent& component) {
  OrderedJson json = {{"status", status(component.up)}};
  if (!component.reason.empty()) json["details"] = {{"reason", component.reason}};
  return json;
}

}  // namespace

HealthAnswer render_health(const HealthReport& report, HealthGroup group) {
  HealthAnswer answer;
  OrderedJson components = OrderedJson::object();
  for (const HealthComponent& component : report.components) {
    if (group == HealthGroup::kLiveness && !component.vital) continue;
    components[component.name] = render(component);
    answer.up = answer.up && component.up;
  }
  OrderedJson json = {{"status", status(answer.up)}};
  if (!components.empty()) json["components"] = std::move(components);
  if (group == HealthGroup::kAll) json["groups"] = {"liveness", "readiness"};
  answer.json = dump_json(json);
  return answer;
}

std::function<std::string()> kept(std::chrono::milliseconds age, std::function<std::string()> make) {
  using Clock = std::chrono::steady_clock;
  return [age, make = std::move(make), text = std::string(), good_until = Clock::time_point()]() mutable {
    if (const auto began = Clock::now(); text.empty() || began >= good_until) {
      text = make();
      const auto now = Clock::now();
      good_until = now + std::max<Clock::duration>(age, 20 * (now - began));
    }
    return text;
  };
}

// One connection to the HTTP server: answers requests until its deadline, the client or close() ends it.
//
// Kept alive by its own handlers on the io_context; known to the server by a weak pointer.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // `pages` are not used after close().
  // `own_host`: that of the key `http`.
  HttpConnection(boost::asio::ip::tcp::socket socket, const HttpPages& pages, std::string own_host,
                 const HttpLimits& limits);

  void serve();
  void close();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  using AsioError = boost::beast::error_code;

  void read();
  void answer(const AsioError& problem);
  void write(Response response, bool more);

  boost::beast::tcp_stream stream_;
  const HttpPages& pages_;
  const std::string own_host_;
  const HttpLimits limits_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  // of the current request
  Response response_;
  bool closed_ = false;
};

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr const char* kPlain = "text/plain; charset=utf-8";

struct Page {
  http::status status;
  const char* type;
  std::string body;
  std::string policy = {};  // Content-Security-Policy
};

struct HealthPath {
  std::string_view path;
  HealthGroup group;
};

constexpr std::array kHealthPaths = {
    HealthPath{"/actuator/health", HealthGroup::kAll},
    HealthPath{"/healthz", HealthGroup::kLiveness},
    HealthPath{"/actuator/health/liveness", HealthGroup::kLiveness},
    HealthPath{"/liveness", HealthGroup::kLiveness},
    HealthPath{"/actuator/health/readiness", HealthGroup::kReadiness},
    HealthPath{"/readiness", HealthGroup::kReadiness},
    HealthPath{"/readyz", HealthGroup::kReadiness},
};

std::string make_nonce() {
  std::random_device random;
  std::string nonce;
  for (int i = 0; i < 4; ++i) nonce += std::to_string(random());
  return nonce;
}

// What shows tasks. Nothing: `path` is none of these.
std::optional<Page> find_view(std::string_view path, bool from_own_host, const HttpPages& pages) {
  if (!pages.status || !pages.tasks || (path != "/" && path != "/v1/status" && path != "/v1/tasks"))
    return std::nullopt;
  if (!from_own_host)
    return Page{http::status::misdirected_request, kPlain,
                "ask by address or as localhost: another name may be a foreign page's, which shall not read this\n"};
  if (path == "/v1/status") return Page{http::status::ok, "application/json", pages.status()};
  if (path == "/v1/tasks") return Page{http::status::ok, "application/json", pages.tasks()};
  const std::string nonce = make_nonce();
  return Page{http::status::ok, "text/html; charset=utf-8", page_html(nonce), page_policy(nonce)};
}

Page find_page(std::string_view target, bool from_own_host, const HttpPages& pages) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (auto view = find_view(path, from_own_host, pages)) return *std::move(view);
  for (const HealthPath& known : kHealthPaths) {
    if (path != known.path) continue;
    HealthAnswer answer = render_health(pages.health(), known.group);
    return {answer.up ? http::status::ok : http::status::service_unavailable, "application/json",
            std::move(answer.json)};
  }
  if (path == "/actuator/prometheus" || path == "/metrics")
    return {http::status::ok, "text/plain; version=0.0.4; charset=utf-8", pages.metrics()};
  return {http::status::not_found, kPlain, "not found\n"};
}

// What cannot be read as a request.
Page complaint(const boost::beast::error_code& problem) {
  if (problem == http::error::header_limit || problem == http::error::buffer_overflow)
    return {http::status::request_header_fields_too_large, kPlain, "the header is too large\n"};
  return {http::status::bad_request, kPlain, "this is no HTTP request\n"};
}

bool is_parse_error(const boost::beast::error_code& problem) {
  return problem.category() == make_error_code(http::error::bad_method).category() &&
         problem != http::error::end_of_stream && problem != http::error::partial_message;
}

http::response<http::string_body> to_response(Page page, bool head) {
  http::response<http::string_body> response(page.status, 11);
  response.set(http::field::content_type, page.type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Referrer-Policy", "no-referrer");
  if (!page.policy.empty()) response.set("Content-Security-Policy", page.policy);
  response.content_length(page.body.size());
  if (page.status == http::status::method_not_allowed) response.set(http::field::allow, "GET, HEAD");
  if (!head) response.body() = std::move(page.body);
  return response;
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, const HttpPages& pages, std::string own_host,
                               const HttpLimits& limits)
    : stream_(std::move(socket)),
      pages_(pages),
      own_host_(std::move(own_host)),
      limits_(limits),
      buffer_(limits.max_header_bytes) {}

void HttpConnection::serve() {
  stream_.expires_after(limits_.deadline);  // once: nothing a client does prolongs it
  read();
}

void HttpConnection::close() {
  closed_ = true;
  stream_.close();
}

void HttpConnection::read() {
  parser_.emplace();
  parser_->header_limit(limits_.max_header_bytes);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const AsioError& problem, std::size_t) { self->answer(problem); });
}

void HttpConnection::answer(const AsioError& problem) {
  if (closed_) return;
  if (problem) {
    if (is_parse_error(problem)) write(to_response(complaint(problem), false), false);
    return;
  }
  const auto& request = parser_->get();
  const bool head = request.method() == http::verb::head;
  if (!head && request.method() != http::verb::get)
    return write(to_response({http::status::method_not_allowed, kPlain, "only GET and HEAD\n"}, false), false);
  const std::string_view target(request.target().data(), request.target().size());
  const bool more = request.keep_alive() && parser_->is_done();  // a body is not read, so nothing can follow it
  const auto host = request[http::field::host];
  const bool own = is_own_host({host.data(), host.size()}, own_host_);
  write(to_response(find_page(target, own, pages_), head), more);
}

void HttpConnection::write(Response response, bool more) {
  response_ = std::move(response);
  response_.keep_alive(more);
  http::async_write(stream_, response_, [self = shared_from_this(), more](const AsioError& problem, std::size_t) {
    if (problem || self->closed_) return;
    if (more) return self->read();
    AsioError ignored;  // without this a client that still sends would see a reset instead of the end
    self->stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  });
}

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using AsioError = boost::system::error_code;

constexpr std::chrono::milliseconds kPauseAfterError{
    200};  // accept fails again and again while descriptors are used up

// As parse_host_port(), but an IPv6 address may be given in brackets, no host means loopback, and port 0 any port.
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

Status listen(tcp::acceptor& acceptor, const HostPort& parsed, const std::string& address) {
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
    PORPOISE_TRY(const HostPort parsed, parse_address(address));
    own_host_ = parsed.host;
    PORPOISE_TRY_VOID(listen(acceptor_, parsed, address));
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
    const auto connection = std::make_shared<HttpConnection>(std::move(socket), pages_, own_host_, limits_);
    connections_.push_back(connection);
    connection->serve();
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  const HttpPages pages_;
  const HttpLimits limits_;
  std::string own_host_;
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
