// GET of one file over HTTP, straight to disk, whatever its size. Blocks; who wants it to end ends the process.
//
// Unlike the plugins' Transfer (plugins/curl) it keeps nothing in memory and signs for S3. Certificates are verified,
// proxies of the environment are not used. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace porpoise
