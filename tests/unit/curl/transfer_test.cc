#include "curl/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <thread>

#include "support/http_server.h"

namespace porpoise::curl {
namespace {

using support::HttpAnswer;
using support::HttpServer;
using Asked = support::HttpRequest;
using Manner = HttpAnswer::Manner;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

std::int64_t mono_ms_in(milliseconds wait) {
  return std::chrono::duration_cast<milliseconds>((std::chrono::steady_clock::now() + wait).time_since_epoch()).count();
}

HttpAnswer body(std::string text) {
  HttpAnswer answer;
  answer.body = std::move(text);
  return answer;
}

// With kDribble, the second byte would come after the test.
HttpAnswer misbehave(Manner manner) {
  HttpAnswer answer = body("0123456789");
  answer.manner = manner;
  answer.pause = seconds(60);
  return answer;
}

// A port on which nobody listens: it was free a moment ago.
std::string dead_url() {
  const HttpServer gone([](const Asked&) { return HttpAnswer{}; });
  return gone.url();
}

TEST(Transfer, BringsStatusHeadersAndBody) {
  HttpServer server([](const Asked&) { return HttpAnswer{201, "made", {{"X-Kind", " odd "}}}; });
  Transfer transfer(-1);
  HttpRequest request = get(server.url("/a?b=1"));
  request.method = "PUT";
  request.headers = {{"X-Who", "me"}, {"X-Empty", ""}};
  request.body = "payload";
  const auto response = transfer.perform(request);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->header("x-kind"), "odd");
  const Asked seen = server.requests().at(0);
  EXPECT_EQ(seen.method + " " + seen.target + " " + seen.body, "PUT /a?b=1 payload");
  EXPECT_EQ(seen.header("X-Who"), "me");
  EXPECT_TRUE(seen.has_header("X-Empty"));
  EXPECT_FALSE(seen.has_header("Content-Type"));
  EXPECT_TRUE(transfer.request_was_sent());
}

TEST(Transfer, SendsEachMethodAsItIsNamed) {
  HttpServer server([](const Asked&) { return body("x"); });
  Transfer transfer(-1);
  for (const char* method : {"GET", "POST", "HEAD", "PUT", "DELETE"}) {
    for (const bool with_body : {false, true}) {
      if (with_body && method == std::string("HEAD")) continue;
      HttpRequest request = get(server.url());
      request.method = method;
      if (with_body) request.body = "b";
      ASSERT_TRUE(transfer.perform(request)) << method;
      EXPECT_EQ(server.requests().back().method, method);
      EXPECT_EQ(server.requests().back().body, with_body ? "b" : "");
      EXPECT_FALSE(server.requests().back().has_header("Content-Type")) << method;
    }
  }
}

TEST(Transfer, RefusedConnectionIsUnavailableAndCertainlyNotSent) {
  Transfer transfer(-1);
  const auto response = transfer.perform(get(dead_url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(response.error().to_string(), HasSubstr("cannot connect to http://127.0.0.1:"));
  EXPECT_FALSE(transfer.request_was_sent());
}

TEST(Transfer, UnknownHostIsUnavailable) {
  Transfer transfer(-1);
  const auto response = transfer.perform(get("http://no-such-host.invalid/"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kUnavailable);
  EXPECT_FALSE(transfer.request_was_sent());
}

TEST(Transfer, ClosedConnectionIsUnavailableAndMayHaveBeenSent) {
  HttpServer server([](const Asked&) { return misbehave(Manner::kReset); });
  Transfer transfer(-1);
  HttpRequest request = get(server.url());
  request.method = "POST";
  const auto response = transfer.perform(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(transfer.request_was_sent());
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Transfer, NeverRepeatsAPostOnADeadKeptConnection) {
  HttpServer server([](const Asked& seen) { return seen.method == "GET" ? body("ok") : misbehave(Manner::kReset); });
  Transfer transfer(-1);
  HttpRequest first = get(server.url());
  first.repeatable = true;
  ASSERT_TRUE(transfer.perform(first));
  HttpRequest post = get(server.url());
  post.method = "POST";
  EXPECT_FALSE(transfer.perform(post));
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(Transfer, TruncatedBodyIsAnError) {
  HttpServer server([](const Asked&) { return misbehave(Manner::kTruncate); });
  Transfer transfer(-1);
  const auto response = transfer.perform(get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kUnavailable);
}

TEST(Transfer, DeadlineEndsAHangingServer) {
  HttpServer server([](const Asked&) { return misbehave(Manner::kHang); });
  Transfer transfer(-1);
  HttpRequest request = get(server.url());
  request.deadline_mono_ms = mono_ms_in(milliseconds(50));
  const auto response = transfer.perform(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(response.error().to_string(), HasSubstr("the deadline has passed"));
  EXPECT_TRUE(transfer.request_was_sent());
}

TEST(Transfer, ReadTimeoutEndsASilentBody) {
  HttpServer server([](const Asked&) { return misbehave(Manner::kDribble); });
  Transfer transfer(-1);
  HttpRequest request = get(server.url());
  request.read_timeout = milliseconds(50);
  const auto response = transfer.perform(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(response.error().to_string(), HasSubstr("silent for 50 ms"));
}

TEST(Transfer, CancelAbortsAHangingExchangeAtOnce) {
  HttpServer server([](const Asked&) { return misbehave(Manner::kHang); });
  const UniqueFd cancel(::eventfd(0, EFD_CLOEXEC));
  std::thread canceller([&] {
    server.wait_for_requests(1);
    ::eventfd_write(cancel.get(), 1);
  });
  Transfer transfer(cancel.get());
  const auto start = std::chrono::steady_clock::now();
  const auto response = transfer.perform(get(server.url()));
  canceller.join();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(10));
}

TEST(Transfer, BodyOverTheCapIsRefused) {
  HttpServer server([](const Asked&) { return body(std::string(100000, 'x')); });
  Transfer transfer(-1);
  HttpRequest request = get(server.url());
  request.max_response_bytes = 1000;
  const auto response = transfer.perform(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kInvalid);
  EXPECT_THAT(response.error().to_string(), HasSubstr("limit of 1000 bytes"));
}

TEST(Transfer, HeadersOverTheCapAreRefused) {
  support::HttpHeaders many;
  for (int i = 0; i < 6000; ++i) many.emplace_back("X-" + std::to_string(i), std::string(60, 'y'));
  HttpServer server([&](const Asked&) { return HttpAnswer{200, "", many}; });
  Transfer transfer(-1);
  EXPECT_FALSE(transfer.perform(get(server.url())));
}

TEST(Transfer, FollowsRedirectsOnlyWhenAskedAndOnlyToHttp) {
  HttpServer server([](const Asked& seen) {
    if (seen.target == "/from") return HttpAnswer{302, "", {{"Location", "/to"}, {"X-Old", "1"}}};
    if (seen.target == "/file") return HttpAnswer{302, "", {{"Location", "file:///etc/passwd"}}};
    return body("here");
  });
  Transfer transfer(-1);
  HttpRequest request = get(server.url("/from"));
  EXPECT_EQ(transfer.perform(request)->status, 302);
  request.follow_redirects = true;
  const auto followed = transfer.perform(request);
  ASSERT_TRUE(followed);
  EXPECT_EQ(followed->body, "here");
  EXPECT_EQ(followed->header("X-Old"), "");
  request.url = server.url("/file");
  EXPECT_EQ(transfer.perform(request).error().code(), ErrorCode::kInvalid);
}

TEST(Transfer, TakesCredentialsOfAnyHeaderToTheSameHostOnly) {
  const HttpServer other([](const Asked& seen) {
    for (const char* const name : {"Authorization", "Cookie", "X-Api-Key", "Private-Token"})
      EXPECT_FALSE(seen.has_header(name)) << name;
    EXPECT_EQ(seen.header("Accept"), "text/csv");
    EXPECT_EQ(seen.body, "");
    return body("other");
  });
  const HttpServer server([&](const Asked& seen) {
    EXPECT_EQ(seen.header("X-Api-Key"), "secret");
    if (seen.target == "/here") return HttpAnswer{307, "", {{"Location", "/there"}}};
    if (seen.target == "/there") return HttpAnswer{302, "", {{"Location", "/away"}}};
    return HttpAnswer{308, "", {{"Location", other.url("/taken")}}};
  });
  Transfer transfer(-1);
  HttpRequest request = get(server.url("/here"));
  request.follow_redirects = true;
  request.body = "query";
  request.headers = {{"Authorization", "Bearer x"},
                     {"Cookie", "a=b"},
                     {"X-Api-Key", "secret"},
                     {"Private-Token", "t"},
                     {"Accept", "text/csv"}};
  const auto answer = transfer.perform(request);
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->body, "other");
}

TEST(Transfer, GivesUpOnRedirectsWithoutAnEnd) {
  const HttpServer server([](const Asked&) { return HttpAnswer{302, "", {{"Location", "/again"}}}; });
  Transfer transfer(-1);
  HttpRequest request = get(server.url("/"));
  request.follow_redirects = true;
  EXPECT_THAT(transfer.perform(request).error().to_string(), HasSubstr("more than 10 times"));
}

TEST(Transfer, RefusesWhatIsNoRequest) {
  Transfer transfer(-1);
  EXPECT_EQ(transfer.perform(get("file:///etc/passwd")).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(transfer.perform(get("not a url")).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(transfer.perform(get("")).error().code(), ErrorCode::kInvalid);
  HttpRequest request = get("http://127.0.0.1:1/");
  request.headers = {{"X", "a\r\nInjected: b"}};
  EXPECT_EQ(transfer.perform(request).error().code(), ErrorCode::kInvalid);
  request.headers.clear();
  request.method = "GET /x HTTP/1.1\r\n";
  EXPECT_EQ(transfer.perform(request).error().code(), ErrorCode::kInvalid);
}

TEST(Transfer, MessagesHideUserAndQuery) {
  std::string url = dead_url();
  url.insert(7, "alice:secret@");
  Transfer transfer(-1);
  const auto response = transfer.perform(get(url + "/path?token=secret"));
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().to_string(), Not(HasSubstr("secret")));
  EXPECT_THAT(response.error().to_string(), HasSubstr("/path"));
}

}  // namespace
}  // namespace porpoise::curl
