// GET of one file over HTTP, straight to disk, whatever its size. Blocks; ending the process is the way to end it.
//
// Unlike the plugins' Transfer (plugins/curl) it keeps nothing in memory and signs for S3. Certificates are verified,
// proxies of the environment are not used. One thread.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

struct DownloadLimits {
  std::chrono::milliseconds connect{10'000};
  std::chrono::seconds stall{30};  // with less than kSlowBytes per second
};
// Below that a connection is as good as dead; a 56k modem is six times faster.
inline constexpr long kSlowBytes = 1024;

struct DownloadRequest {
  std::string url;
  std::vector<std::string> headers;
  bool follow_redirects = false;
  // AWS signature version 4 when there is an access key.
  std::string signature;  // libcurl's "aws:amz:REGION:SERVICE"
  std::string access_key;
  std::string secret_key;
};

struct DownloadAnswer {
  long status = 0;
  std::string error_body;  // the beginning of what came with any other status than 200
};

// `sink` gets the body of an answer 200; its error ends the download and is returned. Other errors: kUnavailable and
// kTimeout (trying again may help), kDenied (certificate), kInvalid (no URL, no HTTP). Texts do not name the URL.
Result<DownloadAnswer> download(const DownloadRequest& request, const DownloadLimits& limits,
                                const std::function<Status(std::string_view)>& sink);

// A file of the working directory in the making: written under a name of its own, and there under its real name only
// when it is whole.
//
// The directory belongs to the tenant, whose other tasks may put links in our way while we are root: every step down is
// taken from an open folder, and no link is followed. One thread.
class TargetFile {
 public:
  // `target` as resource_target() gives it; its folders are made. Files and folders get the owner of `work_directory`.
  static Result<TargetFile> create(int work_directory, const std::string& target);

  TargetFile(TargetFile&&) = default;
  TargetFile& operator=(TargetFile&&) = delete;
  ~TargetFile();

  Status write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  Status start_again();  // empty, for another try

  // Makes it visible. Nothing that is there already is replaced.
  Status commit();

 private:
  TargetFile(UniqueFd folder, std::string name, UniqueFd file, const struct stat& owner)
      : folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)), owner_(owner) {}
  std::string temporary() const;

  UniqueFd folder_;
  std::string name_;
  UniqueFd file_;  // empty: committed, or moved from
  struct stat owner_;
  std::uint64_t size_ = 0;
};

}  // namespace porpoise
