// Storages that are servers: S3 and what speaks like it, and HDFS by WebHDFS.
#include <algorithm>
#include <cctype>

#include "base/json.h"
#include "base/text.h"
#include "resource/storage.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxErrorText = 300;
// The SHA-256 of a body that is not there: S3 wants it said, and libcurl 7.88 signs it only when it is given.
constexpr const char* kNoBody =
    "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string amazon_endpoint(const std::string& region) {
  return "https://s3." + region + (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

// A server without a trailing slash. What could be a secret is refused: the rest may stand in messages.
Result<std::string> server_of(std::string url) {
  const bool is_web = url.starts_with("http://") || url.starts_with("https://");
  if (!is_web || url.find_first_of("@?#") != std::string::npos)
    return fail(ErrorCode::kInvalid, "resources.url must be http(s)://HOST[:PORT][/PATH], without user, ? and #");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string printable(std::string_view text) {
  std::string line(cut_utf8(text, kMaxErrorText));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return escape_controls(line);
}

std::string_view element(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::size_t begin = xml.find(open);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = xml.substr(begin + open.size());
  return rest.substr(0, rest.find('<'));
}

ErrorCode code_of(long status) {
  if (status == 404) return ErrorCode::kNotFound;
  if (status == 401 || status == 403) return ErrorCode::kDenied;
  return status >= 500 || status == 429 || status == 408 ? ErrorCode::kUnavailable : ErrorCode::kInvalid;
}

// One GET, the same for both except for the request and the words of an error.
class HttpStorage : public Storage {
 public:
  HttpStorage(ResourceStorage storage, const DownloadLimits& limits) : storage_(std::move(storage)), limits_(limits) {}

  std::string place(const std::string& path) const override { return url(path).value_or(storage_.url); }

  Status fetch(const std::string& path, const Sink& sink) override {
    PORPOISE_TRY(DownloadRequest request, make_request(path));
    PORPOISE_TRY(const DownloadAnswer answer, download(request, limits_, sink));
    if (answer.status == 200) return {};
    std::string text = "status " + std::to_string(answer.status);
    if (const std::string said = error_text(answer.error_body); !said.empty()) text += " (" + said + ")";
    return fail(code_of(answer.status), text + way_out(answer.status));
  }

 protected:
  virtual Result<std::string> url(const std::string& path) const = 0;
  virtual Result<DownloadRequest> make_request(const std::string& path) const = 0;
  virtual std::string error_text(std::string_view body) const = 0;
  virtual const char* credentials() const = 0;

  const ResourceStorage storage_;

 private:
  std::string way_out(long status) const {
    if (status == 404)
      return "; is it still in the resource centre, and resources.base-path the one of the API server?";
    if (status == 401 || status == 403) return std::string("; check ") + credentials();
    if (status >= 300 && status < 400) return "; check resources.url and resources.region";
    return "";
  }

  const DownloadLimits limits_;
};

class S3Storage final : public HttpStorage {
 public:
  using HttpStorage::HttpStorage;

 private:
  Result<std::string> url(const std::string& path) const override { return s3_url(storage_, path); }
  Result<DownloadRequest> make_request(const std::string& path) const override {
    DownloadRequest request;
    PORPOISE_TRY(request.url, url(path));
    if (storage_.access_key.empty()) return request;
    request.headers = {kNoBody};
    request.signature = "aws:amz:" + storage_.region + ":s3";
    request.access_key = storage_.access_key;
    request.secret_key = storage_.secret_key;
    return request;
  }
  std::string error_text(std::string_view body) const override { return s3_error_text(body); }
  const char* credentials() const override {
    return "resources.access-key, resources.secret-key, the clock of this machine and the rights on the bucket";
  }
};

class WebHdfsStorage final : public HttpStorage {
 public:
  using HttpStorage::HttpStorage;

 private:
  Result<std::string> url(const std::string& path) const override { return webhdfs_url(storage_, path); }
  Result<DownloadRequest> make_request(const std::string& path) const override {
    DownloadRequest request;
    PORPOISE_TRY(request.url, url(path));
    request.url += webhdfs_open_query(storage_);
    request.follow_redirects = true;  // to a DataNode
    return request;
  }
  std::string error_text(std::string_view body) const override { return webhdfs_error_text(body); }
  const char* credentials() const override {
    return "resources.user and its rights in HDFS, and that resources.url is the active NameNode";
  }
};

}  // namespace

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != std::string::npos);
    if (plain || keep.find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
  }
  return encoded;
}

std::string storage_path(const ResourceStorage& storage, std::string_view path) {
  std::string whole = storage.base_path == "/" ? std::string() : storage.base_path;
  return whole.append("/").append(path);
}

Result<std::string> s3_url(const ResourceStorage& storage, std::string_view path) {
  PORPOISE_TRY(std::string url, server_of(storage.url.empty() ? amazon_endpoint(storage.region) : storage.url));
  const std::string key = storage.base_path.substr(1) + "/" + std::string(path);
  return url + "/" + percent_encode(storage.bucket) + "/" + percent_encode(key, "/");
}

Result<std::string> webhdfs_url(const ResourceStorage& storage, std::string_view path) {
  PORPOISE_TRY(const std::string url, server_of(storage.url));
  return url + "/webhdfs/v1" + percent_encode(storage_path(storage, path), "/");
}

std::string webhdfs_open_query(const ResourceStorage& storage) {
  return "?op=OPEN" + (storage.user.empty() ? "" : "&user.name=" + percent_encode(storage.user));
}

std::string s3_error_text(std::string_view body) {
  const std::string code = printable(element(body, "Code"));
  const std::string message = printable(element(body, "Message"));
  return code.empty() || message.empty() ? code + message : code + ": " + message;
}

std::string webhdfs_error_text(std::string_view body) {
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return "";
  const Json exception = json->value("RemoteException", Json());
  const std::string kind = printable(string_or(exception, "exception", ""));
  const std::string message = printable(string_or(exception, "message", ""));
  return kind.empty() || message.empty() ? kind + message : kind + ": " + message;
}

std::unique_ptr<Storage> make_s3_storage(const ResourceStorage& storage, const DownloadLimits& limits) {
  return std::make_unique<S3Storage>(storage, limits);
}

std::unique_ptr<Storage> make_webhdfs_storage(const ResourceStorage& storage, const DownloadLimits& limits) {
  return std::make_unique<WebHdfsStorage>(storage, limits);
}

Result<std::unique_ptr<Storage>> Storage::open(const ResourceStorage& storage, const DownloadLimits& limits) {
  switch (storage.kind) {
    case ResourceStorage::Kind::kFile: return open_file_storage(storage);
    case ResourceStorage::Kind::kS3: return make_s3_storage(storage, limits);
    case ResourceStorage::Kind::kWebHdfs: return make_webhdfs_storage(storage, limits);
  }
  return fail(ErrorCode::kInternal, "unknown kind of storage");
}

}  // namespace porpoise
