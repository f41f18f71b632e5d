// Which files of the resource centre a task wants and where they are: what a requester writes for porpoise-fetch, which
// works it off before the plugin runs.
//
// Pure values with a JSON form, `resources.json` in the task's state folder. It may hold a secret key, so it is no part
// of the request, which the plugin sees. Names come from people and masters: nothing is believed of them but what
// resource_target() lets through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace porpoise {

// People choose a task's files one by one, so a thousand are a mistake; each costs a request to the storage.
inline constexpr std::size_t kMaxResources = 1000;
// The longest key of S3; the database of 3.1 keeps 128 characters of a full name.
inline constexpr std::size_t kMaxResourceNameBytes = 1024;
// Of all files of a task together: a disk that a task fills stops the others. Models and jars are far below, and data
// sets are read where they are.
inline constexpr std::uint64_t kDefaultResourceBytes = std::uint64_t{16} << 30U;
// The JSON form with all names at their longest, twice.
inline constexpr std::size_t kMaxOrderBytes = 8U << 20U;

struct ResourceStorage {
  enum class Kind { kFile, kS3, kWebHdfs };

  Kind kind = Kind::kFile;
  std::string url;  // file:///… of a folder, or that of the NameNode's WebHDFS or of the S3 endpoint (empty: Amazon's)
  std::string base_path;   // begins with '/': where the paths of the files begin
  std::string bucket;      // S3
  std::string region;      // S3
  std::string access_key;  // S3; empty: anonymous
  std::string secret_key;  // S3; secret
  std::string user;        // WebHDFS; empty: the server's choice
};

struct ResourceFile {
  std::string name;  // full name in the resource centre: below the working directory it gets the same
  std::string path;  // below the storage's base path
};

struct ResourceOrder {
  ResourceStorage storage;
  std::vector<ResourceFile> files;
  std::uint64_t max_bytes = kDefaultResourceBytes;
};

// The path below the working directory: "/lib/a.py" becomes "lib/a.py". Refuses what could lead out of it or cannot be
// a file there: "..", ".", an empty component (a second slash), control characters, names that are too long.
Result<std::string> resource_target(std::string_view full_name);

// Adds `file` unless a file with its place below the working directory is there already: lists repeat themselves, and
// "/a.py" and "a.py" are one place.
void add_once(ResourceOrder& order, ResourceFile file);

// The path of a storage URL, as 3.2 and later have in place of full names: "hdfs://nn:8020/ds/etl/resources/a.py" gives
// "ds/etl/resources/a.py", and so does "file:/ds/…". Nothing when `name` is no URL.
std::optional<std::string> storage_url_path(std::string_view name);

// The path of the full names of 3.1, "<tenant>/resources/<name>" (3.1 `StorageOperate`).
Result<ResourceFile> tenant_resource(std::string_view full_name, std::string_view owner_tenant);

Json to_json(const ResourceOrder& order);
Result<ResourceOrder> resource_order_from_json(const Json& json);

}  // namespace porpoise
