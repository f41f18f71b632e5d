// Pages of a task log for the viewer of 3.1 (`LoggerRequestProcessor.readPartFileContent`,
// `LoggerServiceImpl.queryLog`).
//
// The viewer asks for the next page until one is empty. Which lines it has seen it learns from the API server, which
// splits a page at CRLF and drops empty strings at the end: a page that ends in empty lines would be counted short and
// come again, one of empty lines alone for ever. So an empty line is sent as one blank, and every page counts right.
//
// At most 1 MiB of memory per page, whatever the file; reads regular files only, so it waits for nothing but the disk.
// Belongs to the log service, on its thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "logs/line_index.h"

namespace porpoise {

// A page ends with the line that makes it so long; a line of this length is cut (3.1 `MaxResponseLogSize`).
inline constexpr std::size_t kPageBytes = 65535;

// What one request may read of a log to find its place. The callers of 3.1 wait for 10 s. The next request goes on from
// there, and a viewer that pages from the start never needs it.
inline constexpr std::uint64_t kMaxScanBytes = 1U << 30U;

class LogPager {
 public:
  // At most `limit` lines after the first `skip` ones, each ended by CRLF, as valid UTF-8. Empty behind the end of the
  // log, and when the place was not found within kMaxScanBytes. Numbers below 0 count as 0.
  Result<std::string> page(int fd, std::int64_t skip, std::int64_t limit);

 private:
  LineIndexes indexes_;
};

}  // namespace porpoise
