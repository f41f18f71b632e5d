#include "resource/storage.h"

#include <cctype>

namespace porpoise {
namespace {

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

}  // namespace porpoise
