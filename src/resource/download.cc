#include "resource/download.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kMaxErrorBytes = 4096;
constexpr long kMaxRedirects = 5;  // a NameNode sends on to one DataNode

struct EasyFree {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Exchange {
  CURL* easy;
  const std::function<Status(std::string_view)>& sink;
  DownloadAnswer answer = {};
  Status written = {};
};

std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &exchange.answer.status);
  if (exchange.answer.status != 200) {
    std::string& body = exchange.answer.error_body;
    body.append(data, std::min(size, kMaxErrorBytes - body.size()));
    return body.size() < kMaxErrorBytes ? size : CURL_WRITEFUNC_ERROR;  // enough; it may have no end
  }
  exchange.written = exchange.sink({data, size});
  return exchange.written ? size : CURL_WRITEFUNC_ERROR;
}

void set_request(CURL* easy, const DownloadRequest& request, curl_slist* headers) {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // what is signed is what is sent
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  if (request.access_key.empty()) return;
  curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, request.signature.c_str());
  curl_easy_setopt(easy, CURLOPT_USERNAME, request.access_key.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, request.secret_key.c_str());
}

void set_policy(CURL* easy, const DownloadLimits& limits) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, kSlowBytes);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
}

Error error_of(CURLcode code, const char* text) {
  const std::string why = *text != '\0' ? text : curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return {ErrorCode::kTimeout, why};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return {ErrorCode::kDenied, "the certificate is not trusted: " + why};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_WEIRD_SERVER_REPLY: return {ErrorCode::kInvalid, why};
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT: return {ErrorCode::kInternal, why};
    default: return {ErrorCode::kUnavailable, why};
  }
}

}  // namespace

Result<DownloadAnswer> download(const DownloadRequest& request, const DownloadLimits& limits,
                                const std::function<Status(std::string_view)>& sink) {
  const std::unique_ptr<CURL, EasyFree> easy(curl_easy_init());
  if (!easy) return fail(ErrorCode::kInternal, "libcurl does not start");
  std::unique_ptr<curl_slist, SlistFree> headers;
  for (const std::string& header : request.headers) headers.reset(curl_slist_append(headers.release(), header.c_str()));
  char error_text[CURL_ERROR_SIZE] = {};
  Exchange exchange{easy.get(), sink};
  set_request(easy.get(), request, headers.get());
  set_policy(easy.get(), limits);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, error_text);
  const CURLcode code = curl_easy_perform(easy.get());
  if (!exchange.written) return fail(exchange.written.error());
  const bool is_enough = code == CURLE_WRITE_ERROR && exchange.answer.error_body.size() == kMaxErrorBytes;
  if (code != CURLE_OK && !is_enough) return fail(error_of(code, error_text));
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &exchange.answer.status);
  return std::move(exchange.answer);
}

}  // namespace porpoise
