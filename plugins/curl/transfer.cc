#include "curl/transfer.h"

#include <curl/curl.h>
#include <poll.h>
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace porpoise::curl {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, as the deadlines of the plugin ABI

// A server that sends more headers than this is broken or hostile.
constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10U;
constexpr int kMaxRedirects = 10;
constexpr long kMaxConnections = 4;
constexpr int kPollMs = 1000;  // upper bound only: events and the timeouts below wake the loop earlier

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;

struct UrlFree {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

// "http://host:port/path" for messages: user, password and query may be secrets.
Result<std::string> public_name(const std::string& text) {
  const std::unique_ptr<CURLU, UrlFree> url(curl_url());
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  if (code != CURLUE_OK) return fail(ErrorCode::kInvalid, std::string("not a usable URL: ") + curl_url_strerror(code));
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    curl_url_set(url.get(), secret, nullptr, 0);
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    return fail(ErrorCode::kInvalid, "the scheme of a URL must be http or https, not '" + scheme + "'");
  return url_part(url.get(), CURLUPART_URL);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Result<Slist> make_headers(const HttpRequest& request) {
  Slist list;
  const auto append = [&list](const std::string& line) { list.reset(curl_slist_append(list.release(), line.c_str())); };
  for (const HttpHeader& header : request.headers) {
    if (!is_token(header.name)) return fail(ErrorCode::kInvalid, "'" + header.name + "' is not a header name");
    if (header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return fail(ErrorCode::kInvalid, "the value of header '" + header.name + "' holds a line break or NUL");
    append(header.value.empty() ? header.name + ";"
                                : header.name + ": " + header.value);  // libcurl's way to say "empty"
  }
  // What libcurl adds by itself: a pause of a second for "100-continue", and a content type that is a guess.
  if (find_header(request.headers, "Expect") == nullptr) append("Expect:");
  // libcurl would call it a form, also what a POST without a body does not send.
  const bool is_posted = request.body || request.method == "POST";
  if (is_posted && find_header(request.headers, "Content-Type") == nullptr) append("Content-Type:");
  return list;
}

// What the callbacks of libcurl fill while one exchange runs.
struct Exchange {
  HttpResponse response;
  std::size_t max_response_bytes = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool is_sent = false;  // as may_have_been_sent; before that, connect_timeout counts and not read_timeout
  curl_off_t uploaded_bytes = 0;
  Clock::time_point last_activity;

  void follow(CURL* easy);
};

std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.last_activity = Clock::now();
  if (size > exchange.max_response_bytes - exchange.response.body.size()) {
    exchange.too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  exchange.response.body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.last_activity = Clock::now();
  exchange.header_bytes += size;
  if (exchange.header_bytes > kMaxHeaderBytes) {
    exchange.too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  const std::string_view line(data, size);
  if (line.substr(0, 5) == "HTTP/") exchange.response.headers.clear();  // a "100 Continue" came before
  if (const auto colon = line.find(':'); colon != std::string_view::npos)
    exchange.response.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))});
  return size;
}

void set_method(CURL* easy, const HttpRequest& request) {
  if (request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (request.body || request.method == "POST") {
    static constexpr std::string_view kNothing;
    const std::string_view body = request.body ? std::string_view(*request.body) : kNothing;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
  }
  const bool is_default =
      request.method == "HEAD" || (request.method == "GET" && !request.body) || request.method == "POST";
  if (!is_default) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_policy(CURL* easy, const HttpRequest& request) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // perform() follows, with fewer headers
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // do not wait for a hanging name lookup
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request.repeatable ? 0L : 1L);
  // 0 would mean 300 s to libcurl; the deadline and the cancel descriptor bound the wait instead.
  const long connect_ms = request.connect_timeout.count() > 0 ? request.connect_timeout.count() : 24L * 60 * 60 * 1000;
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
}

void set_exchange(CURL* easy, Exchange& exchange, char* error_text) {
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
}

ErrorCode kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return ErrorCode::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return ErrorCode::kDenied;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return ErrorCode::kInvalid;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT: return ErrorCode::kInternal;
    default: return ErrorCode::kUnavailable;
  }
}

std::string what_failed(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return "cannot find the host of ";
    case CURLE_COULDNT_CONNECT: return "cannot connect to ";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return "the certificate is not trusted of ";
    case CURLE_SSL_CONNECT_ERROR: return "no TLS connection to ";
    case CURLE_OPERATION_TIMEDOUT: return "no timely answer from ";
    default: return "no complete answer from ";
  }
}

bool is_readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0;
}

// Decides how long the loop may sleep, and which limit was hit.
class Limits {
 public:
  explicit Limits(const HttpRequest& request) : request_(request) {}

  std::optional<std::string> exceeded(Clock::time_point now, const Exchange& exchange) const {
    if (request_.deadline_mono_ms > 0 && now >= deadline()) return "the deadline has passed";
    if (is_idle_limited(exchange) && now >= exchange.last_activity + request_.read_timeout)
      return "silent for " + std::to_string(request_.read_timeout.count()) + " ms";
    return std::nullopt;
  }

  int poll_ms(Clock::time_point now, const Exchange& exchange) const {
    Clock::time_point wake = now + milliseconds(kPollMs);
    if (request_.deadline_mono_ms > 0) wake = std::min(wake, deadline());
    if (is_idle_limited(exchange)) wake = std::min(wake, exchange.last_activity + request_.read_timeout);
    return static_cast<int>(std::chrono::ceil<milliseconds>(wake - now).count());
  }

 private:
  Clock::time_point deadline() const { return Clock::time_point(milliseconds(request_.deadline_mono_ms)); }
  bool is_idle_limited(const Exchange& exchange) const { return exchange.is_sent && request_.read_timeout.count() > 0; }

  const HttpRequest& request_;
};

// PRETRANSFER is set just before the first byte goes out, so "no" is certain and "yes" is careful.
bool may_have_been_sent(CURL* easy) {
  curl_off_t pretransfer_us = 0;
  long request_bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
  return pretransfer_us > 0 || request_bytes > 0;
}

void Exchange::follow(CURL* easy) {
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
  const bool was_sent = std::exchange(is_sent, may_have_been_sent(easy));
  if (is_sent != was_sent || std::exchange(uploaded_bytes, uploaded) != uploaded) last_activity = Clock::now();
}

// Where a request may take its credentials: the same scheme, host and port.
std::string origin_of(const std::string& text) {
  const std::unique_ptr<CURLU, UrlFree> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
  char* port = nullptr;  // also where the URL leaves it out
  std::string origin = url_part(url.get(), CURLUPART_SCHEME) + "://" + url_part(url.get(), CURLUPART_HOST);
  if (curl_url_get(url.get(), CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) origin.append(":").append(port);
  curl_free(port);
  return origin;
}

// Any other header may be a credential: Authorization, Cookie, or what a service calls its key.
bool tells_nothing(const HttpHeader& header) {
  static const std::vector<HttpHeader> kHarmless = {
      {"Accept", ""}, {"Accept-Charset", ""}, {"Accept-Language", ""}, {"User-Agent", ""}};
  return find_header(kHarmless, header.name) != nullptr;
}

// What a redirect makes of a request. A body is only sent again where the server asks for that (RFC 9110, 15.4).
HttpRequest redirected(HttpRequest request, int status, const std::string& url) {
  if (status != 307 && status != 308) request.body.reset();
  if (status == 303 && request.method != "HEAD") request.method = "GET";
  if (origin_of(url) != origin_of(request.url)) {
    std::erase_if(request.headers, [](const HttpHeader& header) { return !tells_nothing(header); });
    request.body.reset();
  }
  request.url = url;
  return request;
}

}  // namespace

const HttpHeader* find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const HttpHeader& header) {
    return header.name.size() == name.size() && strncasecmp(header.name.data(), name.data(), name.size()) == 0;
  });
  return found == headers.end() ? nullptr : &*found;
}

std::string_view HttpResponse::header(std::string_view name) const {
  const HttpHeader* const found = find_header(headers, name);
  return found == nullptr ? std::string_view() : found->value;
}

// libcurl's side: the multi handle keeps the connections, the easy handle one exchange's options.
struct Transfer::Handles {
  Handles() {
    curl_global_init(CURL_GLOBAL_DEFAULT);  // counted and thread-safe since libcurl 7.84
    multi = curl_multi_init();
    easy = curl_easy_init();
    if (multi != nullptr) curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kMaxConnections);
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    curl_easy_cleanup(easy);
    if (multi != nullptr) curl_multi_cleanup(multi);
    curl_global_cleanup();
  }

  // Runs the prepared easy handle to its end: libcurl's verdict, or the error of a cancel or a limit.
  Result<CURLcode> run(const HttpRequest& request, Exchange& exchange, int cancel_fd) const;
  CURLcode verdict() const;

  CURLM* multi = nullptr;
  CURL* easy = nullptr;
};

CURLcode Transfer::Handles::verdict() const {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left))
    if (message->msg == CURLMSG_DONE && message->easy_handle == easy) return message->data.result;
  return CURLE_FAILED_INIT;
}

Result<CURLcode> Transfer::Handles::run(const HttpRequest& request, Exchange& exchange, int cancel_fd) const {
  const Limits limits(request);
  curl_waitfd cancel{cancel_fd, CURL_WAIT_POLLIN, 0};
  for (int running = 1;;) {
    if (is_readable(cancel_fd)) return fail(ErrorCode::kCancelled, "cancelled");
    if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK)
      return fail(ErrorCode::kInternal, curl_multi_strerror(code));
    if (running == 0) return verdict();
    exchange.follow(easy);
    const Clock::time_point now = Clock::now();
    if (const auto reason = limits.exceeded(now, exchange)) return fail(ErrorCode::kTimeout, *reason);
    curl_multi_poll(multi, &cancel, cancel_fd >= 0 ? 1 : 0, limits.poll_ms(now, exchange), nullptr);
  }
}

Transfer::Transfer(int cancel_fd) : handles_(std::make_unique<Handles>()), cancel_fd_(cancel_fd) {}
Transfer::~Transfer() = default;

Result<HttpResponse> Transfer::perform(const HttpRequest& request) {
  request_was_sent_ = false;
  const Clock::time_point start = Clock::now();
  HttpRequest next = request;
  for (int redirects = 0;; ++redirects) {
    std::string location;
    PORPOISE_TRY(HttpResponse response, exchange(next, location));
    response.elapsed = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    if (!request.follow_redirects || location.empty()) return response;
    if (redirects == kMaxRedirects)
      return fail(ErrorCode::kInvalid, "the server redirected more than " + std::to_string(kMaxRedirects) + " times");
    next = redirected(std::move(next), response.status, location);
  }
}

Result<HttpResponse> Transfer::exchange(const HttpRequest& request, std::string& location) {
  CURL* const easy = handles_->easy;
  if (easy == nullptr || handles_->multi == nullptr) return fail(ErrorCode::kInternal, "libcurl cannot be set up");
  if (!is_token(request.method)) return fail(ErrorCode::kInvalid, "'" + request.method + "' is not an HTTP method");
  PORPOISE_TRY(const std::string name, public_name(request.url));
  PORPOISE_TRY(const Slist headers, make_headers(request));

  Exchange exchange;
  exchange.max_response_bytes = request.max_response_bytes;
  exchange.last_activity = Clock::now();
  char error_text[CURL_ERROR_SIZE] = "";
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  set_method(easy, request);
  set_policy(easy, request);
  set_exchange(easy, exchange, error_text);

  curl_multi_add_handle(handles_->multi, easy);
  const Result<CURLcode> verdict = handles_->run(request, exchange, cancel_fd_);
  request_was_sent_ = may_have_been_sent(easy) || request_was_sent_;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  const char* redirect = nullptr;  // absolute; libcurl's, until the handle is reset
  curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) location = redirect;
  curl_multi_remove_handle(handles_->multi, easy);

  if (!verdict) return fail(Error(verdict.error()).wrap("no answer from " + name));
  if (exchange.too_large)
    return fail(ErrorCode::kInvalid, "the answer of " + name + " is larger than the limit of " +
                                         std::to_string(request.max_response_bytes) + " bytes");
  if (*verdict != CURLE_OK) {
    const std::string detail = error_text[0] != '\0' ? error_text : curl_easy_strerror(*verdict);
    return fail(kind_of(*verdict), what_failed(*verdict) + name + ": " + detail);
  }
  exchange.response.status = static_cast<int>(status);
  return std::move(exchange.response);
}

}  // namespace porpoise::curl
