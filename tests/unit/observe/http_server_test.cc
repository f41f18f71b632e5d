// The HTTP server over real sockets, with clients that mean well and others.
#include "observe/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "base/descriptor.h"
#include "observe/page.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::Ge;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr milliseconds kPatience{10000};  // a test that waits for longer fails

// A client with a socket of its own, which never waits for ever.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{kPatience.count() / 1000, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  Client& send(const std::string& text) {
    ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    return *this;
  }

  // Until `end` has come or the server has closed the connection.
  std::string receive(const std::string& end = "") {
    std::string text;
    char buffer[4096];
    while (end.empty() || text.find(end) == std::string::npos) {
      const ssize_t count = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (count < 0) closed_hard_ = errno != EAGAIN;
      if (count < 0 && errno == EAGAIN) ADD_FAILURE() << "the server neither answered nor closed: " << text;
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

  bool reset() const { return closed_hard_; }

 private:
  UniqueFd fd_;
  bool closed_hard_ = false;
};

// A server on a free port, on a thread of its own.
class HttpServerTest : public testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    HttpPages pages{[this] {
                      const bool up = up_;
                      return HealthReport{{{.name = "registered", .up = up, .reason = up ? "" : "no session"}}};
                    },
                    [] { return std::string("answer 42\n"); }, [] { return std::string(R"({"state":"working"})"); },
                    [] { return std::string(R"({"tasks":[]})"); }};
    auto server = HttpServer::start(io_, "127.0.0.1:0", pages, limits);
    ASSERT_TRUE(server) << server.error().to_string();
    server_ = std::move(*server);
    port_ = server_->port();
    ASSERT_NE(port_, 0);
    thread_ = std::thread([this] { io_.run(); });
  }

  ~HttpServerTest() override {
    if (thread_.joinable()) stop();
  }

  void stop() {
    on_the_loop([this] { server_.reset(); });
    work_.reset();
    thread_.join();
  }

  template <typename Action>
  void on_the_loop(Action action) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::string get(const std::string& path, const std::string& method = "GET", const std::string& host = "x") {
    const std::string head = method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
    return Client(port_).send(head).receive();
  }

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::atomic<bool> up_ = true;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(HttpServerTest, GivesMetricsUnderBothPaths) {
  start();
  for (const char* const path : {"/metrics", "/actuator/prometheus", "/metrics?name=x"})
    EXPECT_THAT(get(path), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                                 HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                                 HasSubstr("Content-Length: 10\r\n"), EndsWith("\r\n\r\nanswer 42\n")));
}

TEST_F(HttpServerTest, SaysUpOnEveryHealthPath) {
  start();
  for (const char* const path : {"/actuator/health", "/actuator/health/liveness", "/actuator/health/readiness",
                                 "/liveness", "/readiness", "/healthz", "/readyz"})
    EXPECT_THAT(get(path), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: application/json\r\n"),
                                 HasSubstr("\r\n\r\n{\"status\":\"UP\"")))
        << path;
}

TEST_F(HttpServerTest, SaysDownWith503AndTheReason) {
  start();
  up_ = false;
  for (const char* const path : {"/actuator/health", "/actuator/health/readiness", "/readiness", "/readyz"})
    EXPECT_THAT(get(path), AllOf(StartsWith("HTTP/1.1 503 Service Unavailable\r\n"),
                                 HasSubstr(R"({"status":"DOWN","components":{"registered":{"status":"DOWN",)"
                                           R"("details":{"reason":"no session"}}})")))
        << path;
  for (const char* const path : {"/actuator/health/liveness", "/liveness", "/healthz"})
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 200 OK\r\n")) << path << ": a restart would not help";
}

TEST_F(HttpServerTest, KnowsNothingElse) {
  start();
  for (const char* const path : {"/v1", "/actuator", "/actuator/heapdump", "/actuator/configprops", "/actuator/env",
                                 "/actuator/health/x", "/metrics/", "/../etc/passwd", "*", "http://other/metrics"})
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 404 Not Found\r\n")) << path;
}

TEST_F(HttpServerTest, ShowsStatusAndTasksToWhoAsksByAddress) {
  start();
  for (const char* const host : {"127.0.0.1", "127.0.0.1:1235", "localhost:1235", "LOCALHOST", "[::1]:1235", "[::1]"}) {
    EXPECT_THAT(get("/v1/status", "GET", host),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: application/json\r\n"),
                      EndsWith("\r\n\r\n{\"state\":\"working\"}")))
        << host;
    EXPECT_THAT(get("/v1/tasks", "GET", host), EndsWith("{\"tasks\":[]}")) << host;
    EXPECT_THAT(get("/", "GET", host), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("<!doctype html>"))) << host;
  }
}

// A page of elsewhere whose name is made to lead here could read what is here: DNS rebinding.
TEST_F(HttpServerTest, ShowsNoTasksToWhoAsksByAForeignName) {
  start();
  for (const char* const host : {"evil.example", "evil.example:1235", "localhost.evil.example",
                                 "127.0.0.1.evil.example", "x", ":1235", "[evil]:1235", "localhost:1235:evil.example"})
    for (const char* const path : {"/", "/v1/status", "/v1/tasks?x"})
      EXPECT_THAT(get(path, "GET", host),
                  AllOf(StartsWith("HTTP/1.1 421 "), Not(HasSubstr("working")), Not(HasSubstr("<html"))))
          << host << path;
  EXPECT_TRUE(is_own_host("worker7:1235", "worker7")) << "the host of the key http";
  EXPECT_TRUE(is_own_host("", "127.0.0.1")) << "no browser leaves it out";
}

TEST_F(HttpServerTest, AllowsABrowserNothingButTheScriptOfThePage) {
  start();
  const std::string first = get("/", "GET", "localhost");
  const std::size_t begin = first.find("script-src 'nonce-");
  ASSERT_NE(begin, std::string::npos) << first;
  const std::string nonce = first.substr(begin + 18, first.find('\'', begin + 18) - begin - 18);
  EXPECT_THAT(nonce, testing::SizeIs(Ge(20U)));
  EXPECT_THAT(first, AllOf(HasSubstr("Content-Security-Policy: default-src 'none'; "),
                           HasSubstr("<script nonce=\"" + nonce + "\">"), HasSubstr("frame-ancestors 'none'"),
                           HasSubstr("X-Content-Type-Options: nosniff\r\n"), Not(HasSubstr("NONCE")),
                           Not(HasSubstr("http://")), Not(HasSubstr("https://"))));
  EXPECT_THAT(get("/", "GET", "localhost"), Not(HasSubstr(nonce))) << "it is another one each time";
}

TEST(KeptText, IsMadeAgainWhenItIsOld) {
  int made = 0;
  const auto young = kept(std::chrono::hours(1), [&] { return std::to_string(++made); });
  EXPECT_EQ(young(), "1");
  EXPECT_EQ(young(), "1");
  const auto old = kept(milliseconds(0), [&] { return std::to_string(++made); });
  EXPECT_EQ(old(), "2");
  while (old() == "2") std::this_thread::yield();
  EXPECT_EQ(made, 3);
}

TEST(KeptText, IsNotMadeAgainAtOnceWhenItTakesLong) {
  int made = 0;
  const auto slow = kept(milliseconds(0), [&] {
    const auto end = std::chrono::steady_clock::now() + milliseconds(500);  // so that ten seconds must pass
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return std::to_string(++made);
  });
  for (int i = 0; i < 100; ++i) EXPECT_EQ(slow(), "1");
}

TEST_F(HttpServerTest, AnswersHeadWithTheLengthAndNoBody) {
  start();
  EXPECT_THAT(get("/metrics", "HEAD"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 10\r\n"),
                                             EndsWith("\r\n\r\n"), Not(HasSubstr("answer"))));
}

TEST_F(HttpServerTest, RefusesOtherMethods) {
  start();
  for (const char* const method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"})
    EXPECT_THAT(get("/metrics", method),
                AllOf(StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"), HasSubstr("Allow: GET, HEAD\r\n")))
        << method;
}

TEST_F(HttpServerTest, AnswersAPostWithABodyBeforeItCloses) {
  start();
  Client client(port_);
  client.send("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n" + std::string(30000, 'x'));
  EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_FALSE(client.reset());
}

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  Client client(port_);
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").receive("answer 42\n"),
                StartsWith("HTTP/1.1 200 OK\r\n"));
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.receive(), EndsWith("answer 42\n")) << "HTTP/1.0 ends with the answer";
}

TEST_F(HttpServerTest, CutsOffASlowClient) {
  start({.deadline = milliseconds(100)});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Client(port_).send("GET /metrics HTTP/1.1\r\nHo").receive(), "");
  EXPECT_EQ(Client(port_).receive(), "") << "one that says nothing";
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(190));
}

TEST_F(HttpServerTest, ClosesAKeptConnectionAtItsDeadline) {
  start({.deadline = milliseconds(300)});
  Client client(port_);
  const auto begin = std::chrono::steady_clock::now();
  bool cut_off = false;
  while (!cut_off && std::chrono::steady_clock::now() - begin < kPatience)
    cut_off = client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").receive("answer 42\n").empty();
  EXPECT_TRUE(cut_off) << "requests do not prolong it";
}

TEST_F(HttpServerTest, RefusesATooLargeHeader) {
  start();
  const std::string field = "X: " + std::string(1000, 'x') + "\r\n";
  std::string fields;
  for (int i = 0; i < 7; ++i) fields += field;
  const std::string begin = "GET /metrics HTTP/1.1\r\nConnection: close\r\n";
  EXPECT_THAT(Client(port_).send(begin + fields + "\r\n").receive(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(Client(port_).send(begin + fields + field + field + "\r\n").receive(),
              StartsWith("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  EXPECT_THAT(Client(port_).send(begin + "Y: " + std::string(9000, 'y')).receive(),
              StartsWith("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
      << "before its end has come";
}

TEST_F(HttpServerTest, RefusesTheConnectionAboveItsCap) {
  start();
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(std::make_unique<Client>(port_));
    clients.back()->send(request).receive("answer 42\n");
  }
  EXPECT_EQ(Client(port_).send(request).receive(), "") << "the 33rd";

  clients.front()->send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").receive();
  clients.erase(clients.begin());
  std::string answer;
  const auto begin = std::chrono::steady_clock::now();
  while (answer.empty() && std::chrono::steady_clock::now() - begin < kPatience) answer = get("/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n")) << "there is room again";
}

TEST_F(HttpServerTest, SurvivesGarbage) {
  start();
  std::string garbage;
  for (int i = 0; i < 3000; ++i) garbage += static_cast<char>(i * 7919 % 256);
  EXPECT_THAT(Client(port_).send(garbage).receive(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(Client(port_).send(std::string("\xbe\xef\0\0\n\r\n\r\n", 8)).receive(),
              StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(Client(port_).send("GET /metrics HTTP/9.9\r\n\r\n").receive(),
              StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(get("/metrics"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, SaysWhichAddressIsTakenAndWhichKeyToChange) {
  start();
  const std::string taken = "127.0.0.1:" + std::to_string(port_);
  boost::asio::io_context io;
  const auto second = HttpServer::start(io, taken, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().to_string(), "cannot serve health and metrics on " + taken +
                                            ": Address already in use; choose another address with the key 'http'");
}

TEST_F(HttpServerTest, ListensAgainAtOnceAfterARestart) {
  start();
  Client client(port_);
  client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").receive("answer 42\n");
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_EQ(client.receive(), "") << "the server has closed its connections";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, HttpLimits{}.deadline) << "not only when they were over";
  boost::asio::io_context io;
  const auto again = HttpServer::start(io, "127.0.0.1:" + std::to_string(port_), {});
  EXPECT_TRUE(again) << again.error().to_string();
}

TEST(HttpServerAddress, IsLoopbackWithoutAHost) {
  boost::asio::io_context io;
  const auto server = HttpServer::start(io, ":0", {});
  ASSERT_TRUE(server) << server.error().to_string();
  EXPECT_NE((*server)->port(), 0);
  // Another address of this machine is free: nobody listens on all of them.
  const auto other = HttpServer::start(io, "127.0.0.2:" + std::to_string((*server)->port()), {});
  EXPECT_TRUE(other) << other.error().to_string();
}

TEST(HttpServerAddress, MayBeAName) {
  boost::asio::io_context io;
  const auto server = HttpServer::start(io, "localhost:0", {});
  EXPECT_TRUE(server) << server.error().to_string();
}

TEST(HttpServerAddress, MustBeHostAndPort) {
  boost::asio::io_context io;
  for (const char* const wrong : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", "::1:80",
                                  "127.0.0.1:80 ", "127.0.0.1:-1"}) {
    const auto server = HttpServer::start(io, wrong, {});
    ASSERT_FALSE(server) << wrong;
    EXPECT_EQ(server.error().code(), ErrorCode::kInvalid);
    EXPECT_EQ(server.error().message(),
              "'" + std::string(wrong) + "' for health and metrics is not HOST:PORT (key 'http')");
  }
}

}  // namespace
}  // namespace porpoise
