// A small HTTP/1.1 server on a loopback port of its own, for tests: answers as told, records what it was asked, and
// misbehaves on request (hangs, resets, dribbles, stops half-way).
//
// One thread accepts, one serves each connection; the handler is called on those, one call at a time. The destructor
// ends them all, also in the middle of an answer. Connections are kept alive unless the answer misbehaves.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace porpoise::support {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // path and query
  HttpHeaders headers;
  std::string body;

  // The first header of that name, in any case; empty when absent.
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
    return {};
  }
  bool has_header(std::string_view name) const {
    return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
      return header.first.size() == name.size() && ::strncasecmp(header.first.data(), name.data(), name.size()) == 0;
    });
  }
};

struct HttpAnswer {
  enum class Manner {
    kProper,
    kHang,      // no answer until the client hangs up
    kReset,     // the connection is reset instead of an answer
    kTruncate,  // half of the body, then the end of the connection
    kDribble,   // one byte of the body at a time, `pause` between them
  };
  int status = 200;
  std::string body{};
  HttpHeaders headers{};  // besides Content-Length
  Manner manner = Manner::kProper;
  std::chrono::milliseconds pause{20};
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) { start(); }

  // Gives the answers in this order; the last one again and again.
  explicit HttpServer(std::vector<HttpAnswer> answers)
      : HttpServer([answers = std::move(answers), next = std::size_t{0}](const HttpRequest&) mutable {
          return answers[std::min(next++, answers.size() - 1)];
        }) {}

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  ~HttpServer() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      ::shutdown(listener_.get(), SHUT_RDWR);
      for (const Connection& connection : connections_) ::shutdown(connection.fd.get(), SHUT_RDWR);
    }
    changed_.notify_all();
    acceptor_.join();
    for (Connection& connection : connections_) connection.thread.join();
  }

  int port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(std::string_view target = "/") const { return "http://" + authority() + std::string(target); }

  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // False when there are fewer after 10 s.
  bool wait_for_requests(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
  }

 private:
  struct Connection {
    UniqueFd fd;
    std::thread thread;
  };

  void start() {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    socklen_t size = sizeof address;
    const bool listening = ::bind(listener_.get(), generic, size) == 0 && ::listen(listener_.get(), 64) == 0 &&
                           ::getsockname(listener_.get(), generic, &size) == 0;
    port_ = listening ? ntohs(address.sin_port) : 0;
    acceptor_ = std::thread([this] { accept_all(); });
  }

  void accept_all() {
    while (true) {
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      const std::lock_guard lock(mutex_);
      if (!fd || stopped_) return;
      Connection& connection = connections_.emplace_back();  // a list: references stay valid
      connection.fd = std::move(fd);
      connection.thread = std::thread([this, socket = connection.fd.get()] { serve(socket); });
    }
  }

  void serve(int socket) {
    std::string buffer;
    HttpRequest request;
    while (read_request(socket, buffer, request)) {
      HttpAnswer answer;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        answer = handler_(request);
      }
      changed_.notify_all();
      if (!send_answer(socket, request, answer)) break;
    }
    ::shutdown(socket, SHUT_RDWR);  // closed by the destructor, so that the number is not used again meanwhile
  }

  static bool receive(int socket, std::string& buffer) {
    char chunk[16384];
    const ssize_t count = ::recv(socket, chunk, sizeof chunk, 0);
    if (count > 0) buffer.append(chunk, static_cast<std::size_t>(count));
    return count > 0;
  }

  static bool read_request(int socket, std::string& buffer, HttpRequest& request) {
    while (buffer.find("\r\n\r\n") == std::string::npos)
      if (!receive(socket, buffer)) return false;
    const std::size_t body_at = buffer.find("\r\n\r\n") + 4;
    request = parse_head(std::string_view(buffer).substr(0, body_at - 2));
    const std::string length = request.header("Content-Length");
    const std::size_t body_size = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < body_at + body_size)
      if (!receive(socket, buffer)) return false;
    request.body = buffer.substr(body_at, body_size);
    buffer.erase(0, body_at + body_size);
    return true;
  }

  static HttpRequest parse_head(std::string_view head) {
    HttpRequest request;
    const std::string_view first = head.substr(0, head.find("\r\n"));
    const std::size_t target_at = std::min(first.find(' ') + 1, first.size());
    request.method = first.substr(0, target_at == 0 ? 0 : target_at - 1);
    request.target = first.substr(target_at, first.rfind(' ') - target_at);
    for (std::size_t at = first.size() + 2; at < head.size();) {
      const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
      const std::size_t colon = std::min(line.find(':'), line.size() - 1);
      std::string_view value = line.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      request.headers.emplace_back(line.substr(0, colon), value);
      at += line.size() + 2;
    }
    return request;
  }

  // Whether the connection goes on.
  bool send_answer(int socket, const HttpRequest& request, const HttpAnswer& answer) {
    if (answer.manner == HttpAnswer::Manner::kHang) {
      std::string ignored;
      while (receive(socket, ignored)) ignored.clear();
      return false;
    }
    if (answer.manner == HttpAnswer::Manner::kReset) {
      const linger abort_at_close{1, 0};
      ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof abort_at_close);
      reset(socket);
      return false;
    }
    const std::string body = request.method == "HEAD" ? std::string() : answer.body;
    if (!send_all(socket, head_of(answer))) return false;
    switch (answer.manner) {
      case HttpAnswer::Manner::kTruncate: send_all(socket, body.substr(0, body.size() / 2)); return false;
      case HttpAnswer::Manner::kDribble: return dribble(socket, body, answer.pause);
      default: return send_all(socket, body);
    }
  }

  static std::string head_of(const HttpAnswer& answer) {
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " Scripted\r\n";
    for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
    return head + "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
  }

  // Connecting an open TCP socket to "no address" drops it, with the RST that SO_LINGER asked for.
  static void reset(int socket) {
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    ::connect(socket, &none, sizeof none);
  }

  static bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool dribble(int socket, std::string_view body, std::chrono::milliseconds pause) {
    for (const char& byte : body) {
      if (!send_all(socket, {&byte, 1})) return false;
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, pause, [this] { return stopped_; })) return false;
    }
    return true;
  }

  Handler handler_;
  UniqueFd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopped_ = false;
  std::vector<HttpRequest> requests_;
  std::list<Connection> connections_;
  std::thread acceptor_;
};

}  // namespace porpoise::support
