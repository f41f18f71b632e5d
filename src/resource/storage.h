// Where the resource centre keeps its files: a folder, S3, or HDFS by WebHDFS.
//
// One object per order, one thread; fetch() blocks. Errors of code kUnavailable and kTimeout may go away by themselves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/resource_order.h"
#include "resource/download.h"

namespace porpoise {

class Storage {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;

  static Result<std::unique_ptr<Storage>> open(const ResourceStorage& storage, const DownloadLimits& limits = {});
  virtual ~Storage() = default;

  // For people: a path or a URL, without secrets.
  virtual std::string place(const std::string& path) const = 0;
  // The content of `path` (ResourceFile::path). Errors of `sink` are returned as they are.
  virtual Status fetch(const std::string& path, const Sink& sink) = 0;
};

// storage_file.cc and storage_http.cc.
Result<std::unique_ptr<Storage>> open_file_storage(const ResourceStorage& storage);
std::unique_ptr<Storage> make_s3_storage(const ResourceStorage& storage, const DownloadLimits& limits);
std::unique_ptr<Storage> make_webhdfs_storage(const ResourceStorage& storage, const DownloadLimits& limits);

// What a server says for people in the body of an error: <Code> and <Message> of S3, RemoteException of WebHDFS. One
// line, printable, bounded; empty when there is nothing of that kind.
std::string s3_error_text(std::string_view body);
std::string webhdfs_error_text(std::string_view body);

// --- The URLs under which storages have their files. Pure; in storage_http.cc.

// The base path and the path below it: "/dolphinscheduler/root/resources/a.py".
std::string storage_path(const ResourceStorage& storage, std::string_view path);

// Path style, "<endpoint>/<bucket>/<key>". The key is that of 3.1, which begins with a slash where the base path is
// "/". Errors: an endpoint that cannot be one.
Result<std::string> s3_url(const ResourceStorage& storage, std::string_view path);

// "<NameNode>/webhdfs/v1/<path>", still without the operation.
Result<std::string> webhdfs_url(const ResourceStorage& storage, std::string_view path);
// "?op=OPEN", and who asks.
std::string webhdfs_open_query(const ResourceStorage& storage);

// Everything but letters, digits and "-._~" becomes %XX; that is also what AWS signs. `keep`: further characters to
// leave.
std::string percent_encode(std::string_view text, std::string_view keep = {});

}  // namespace porpoise
