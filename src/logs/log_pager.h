// What is read of a task log: a page, its tail, and the text of it as JSON can carry it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "logs/line_reader.h"

namespace porpoise {

// Reads of a file at a place, without a position that readers would share. Any thread.

// Fills `buffer` from `offset` on; fewer bytes than it holds only where the file ends.
Result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<char> buffer);

// Text for JSON from the bytes of a log. Pure.

// Appends `bytes`, with U+FFFD for each sequence that is not UTF-8 (its longest beginning that could be one counts
// once, as Java's decoder and browsers do), and stops after `max_bytes` or up to three more.
void append_valid_utf8(std::string& text, std::string_view bytes, std::size_t max_bytes);

// The end of a log that may be larger than an answer: why a task failed stands there. Any thread.
struct LogTail {
  std::uint64_t left_out = 0;  // bytes before it; it then begins with a line, unless that one is very long
  std::string bytes;
};

// At most the last `max_bytes` of an open file, as it was when this began.
Result<LogTail> read_tail(int fd, std::size_t max_bytes);

// Pages of a task log for the viewer of 3.1 (`LoggerRequestProcessor.readPartFileContent`,
// `LoggerServiceImpl.queryLog`).
//
// The viewer asks for the next page until one is empty. Which lines it has seen it learns from the API server, which
// splits a page at CRLF and drops empty strings at the end: a page that ends in empty lines would be counted short and
// come again, one of empty lines alone for ever. So an empty line is sent as one blank, and every page counts right.
//
// At most 1 MiB of memory per page, whatever the file; reads regular files only, so it waits for nothing but the disk.
// Belongs to the log service, on its thread.

// A page ends with the line that makes it so long; a line of this length is cut (3.1 `MaxResponseLogSize`).
inline constexpr std::size_t kPageBytes = 65535;

// What one request may read of a log to find its place. The callers of 3.1 wait for 10 s. The next request continues
// from there, and a viewer that pages from the start never needs it.
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
