#include "observe/http_connection.h"

#include <array>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <string_view>
#include <utility>

namespace porpoise {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr const char* kPlain = "text/plain; charset=utf-8";

struct Page {
  http::status status;
  const char* type;
  std::string body;
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

Page find_page(std::string_view target, const HttpPages& pages) {
  const std::string_view path = target.substr(0, target.find('?'));
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
  response.content_length(page.body.size());
  if (page.status == http::status::method_not_allowed) response.set(http::field::allow, "GET, HEAD");
  if (!head) response.body() = std::move(page.body);
  return response;
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, const HttpPages& pages, const HttpLimits& limits)
    : stream_(std::move(socket)), pages_(pages), limits_(limits), buffer_(limits.max_header_bytes) {}

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
  write(to_response(find_page(target, pages_), head), more);
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

}  // namespace porpoise
