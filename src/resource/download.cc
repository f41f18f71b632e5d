#include "resource/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/descriptor.h"

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

namespace {

// As 3.1 leaves them, which copies with the worker's umask: readable for all, executable for none, so scripts of a
// workflow say `bash a.sh`. The working directory keeps other users out.
constexpr unsigned kFileMode = 0644;
constexpr unsigned kFolderMode = 0755;

Status give(int fd, const struct stat& owner, unsigned mode) {
  const bool is_mine = owner.st_uid == ::geteuid();
  if (!is_mine && ::fchown(fd, owner.st_uid, owner.st_gid) != 0)
    return fail_errno("cannot give it to the task's user", errno);
  // In a folder that is shared by access lists the bits of the group are the most that the other user may do.
  if (::fchmod(fd, mode | (owner.st_mode & S_IWGRP)) != 0) return fail_errno("cannot set its mode", errno);
  return {};
}

Result<UniqueFd> enter(int folder, const std::string& name, const struct stat& owner) {
  const bool made = ::mkdirat(folder, name.c_str(), kFolderMode) == 0;
  if (!made && errno != EEXIST) return fail_errno("cannot make folder " + name, errno);
  UniqueFd next = open_beneath(folder, name, O_RDONLY | O_DIRECTORY);
  if (!next) return fail_errno("cannot enter folder " + name + " of the working directory", errno);
  if (made) PORPOISE_TRY_VOID(give(next.get(), owner, kFolderMode));
  return next;
}

}  // namespace

Result<TargetFile> TargetFile::create(int work_directory, const std::string& target) {
  struct stat owner {};
  if (::fstat(work_directory, &owner) != 0) return fail_errno("cannot use the working directory", errno);
  PORPOISE_TRY(Below below, descend(work_directory, target, [&owner](int folder, const std::string& name) {
                 return enter(folder, name, owner);
               }));
  TargetFile made(std::move(below.folder), std::move(below.name), UniqueFd(), owner);
  made.file_ = open_beneath(made.folder_.get(), made.temporary(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!made.file_) return fail_errno("cannot create a file in the working directory", errno);
  return made;
}

TargetFile::~TargetFile() {
  if (file_) ::unlinkat(folder_.get(), temporary().c_str(), 0);
}

// Files are fetched one after the other, so one name is enough; the real one may have no room for an ending.
std::string TargetFile::temporary() const { return ".porpoise-fetch." + std::to_string(::getpid()); }

Status TargetFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail_errno("cannot write to the working directory", errno);
    size_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status TargetFile::start_again() {
  size_ = 0;
  if (::ftruncate(file_.get(), 0) == 0 && ::lseek(file_.get(), 0, SEEK_SET) == 0) return {};
  return fail_errno("cannot empty a file of the working directory", errno);
}

Status TargetFile::commit() {
  PORPOISE_TRY_VOID(give(file_.get(), owner_, kFileMode));
  const std::string from = temporary();
  if (::renameat2(folder_.get(), from.c_str(), folder_.get(), name_.c_str(), RENAME_NOREPLACE) != 0)
    return fail_errno("cannot put " + name_ + " into the working directory", errno);
  file_.reset();
  return {};
}

}  // namespace porpoise
