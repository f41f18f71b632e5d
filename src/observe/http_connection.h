// One connection to the HTTP server: answers requests until its deadline, the client or close() ends it.
//
// Kept alive by its own handlers on the io_context; known to the server by a weak pointer.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "observe/http_server.h"

namespace porpoise {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // `pages` are not used after close().
  HttpConnection(boost::asio::ip::tcp::socket socket, const HttpPages& pages, const HttpLimits& limits);

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
  const HttpLimits limits_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  // of the current request
  Response response_;
  bool closed_ = false;
};

}  // namespace porpoise
