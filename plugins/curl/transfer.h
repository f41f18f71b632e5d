// One HTTP exchange at a time over libcurl, which a cancel descriptor or a deadline ends at once.
//
// A Transfer belongs to one plugin task and lives on its run thread; connections are kept between exchanges.
// Certificates are verified always, proxies of the environment are not used, only http and https are spoken.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise::curl {

struct HttpHeader {
  std::string name;
  std::string value;
};

// The first of that name, in any case; nullptr when absent.
const HttpHeader* find_header(const std::vector<HttpHeader>& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<HttpHeader> headers;
  std::optional<std::string> body;
  std::chrono::milliseconds connect_timeout{0};  // 0 = only the deadline counts
  std::chrono::milliseconds read_timeout{0};     // longest silence once connected; 0 = only the deadline counts
  std::int64_t deadline_mono_ms = 0;             // CLOCK_MONOTONIC; 0 = never
  // To another scheme, host or port nothing goes with a request that may be a credential: of its headers Accept and its
  // kin and User-Agent alone, and no body.
  bool follow_redirects = false;
  // libcurl sends a request again, unasked, when a kept connection turns out to be dead. That is right only for
  // requests that do no harm twice, so all others get a connection of their own.
  bool repeatable = false;
  std::size_t max_response_bytes = std::size_t{16} << 20U;  // of the body, after decompression
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  // of the last answer when redirects were followed
  std::string body;
  std::chrono::milliseconds elapsed{0};

  // The first header of that name, in any case; empty when absent.
  std::string_view header(std::string_view name) const;
};

class Transfer {
 public:
  // `cancel_fd` becomes readable when the exchange is to end; -1 for none. It stays the caller's.
  explicit Transfer(int cancel_fd);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  // Any status is a response. Errors: kInvalid (URL, header, answer that is not HTTP or too large), kUnavailable (name,
  // connection, broken answer), kDenied (certificate), kTimeout, kCancelled. Texts name the server, never query or
  // user.
  Result<HttpResponse> perform(const HttpRequest& request);

  // Whether the server may have received the last request, however it ended. When not, repeating it is harmless.
  bool request_was_sent() const { return request_was_sent_; }

 private:
  struct Handles;
  // One request, one answer; `location` is where it redirects to, absolute, if it does.
  Result<HttpResponse> exchange(const HttpRequest& request, std::string& location);

  std::unique_ptr<Handles> handles_;
  int cancel_fd_;
  bool request_was_sent_ = false;
};

}  // namespace porpoise::curl
