// What is read of a task log: a page, its tail, and the text of it as JSON can carry it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
  std::uint64_t begin = 0;  // of a line, unless that one is very long; 0: it is the whole log
  std::uint64_t end = 0;
};

// At most the last `max_bytes` of an open file, as it is now.
Result<LogTail> find_tail(int fd, std::size_t max_bytes);

// The text of a log with every line ended by CRLF, as 3.1 `LoggerUtils.readWholeFileContent` does, as valid UTF-8;
// empty lines stay empty. Takes the log piece by piece and holds less than two pieces. A value; pure.
class CrLfText {
 public:
  // What is decided of the text by now. `last`: the log ends with these bytes.
  std::string feed(std::string_view bytes, bool last);

 private:
  std::string pending_;
  bool in_line_ = false;  // the beginning of a line that has not ended has been given
};

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

// What one turn reads at most, so that requests of others come in between.
inline constexpr std::uint64_t kTurnBytes = 4U << 20U;

class LogPager {
 public:
  // A page that is being looked for, turn by turn. `fd` must outlive it.
  class Search {
   public:
    Search(int fd, std::int64_t skip, std::int64_t limit);

   private:
    friend class LogPager;
    int fd_;
    std::uint64_t first_;
    std::int64_t limit_;  // lines still wanted
    std::optional<LineReader> reader_;
    std::uint64_t line_ = 0;  // the one to come
    bool at_place_ = false;
    std::size_t counted_ = 0;  // bytes, as lines count for their page
    std::string page_;
  };
  // Reads about kTurnBytes more; the page as of page() when it is complete, or when there is no more time for it.
  Result<std::optional<std::string>> go_on(Search& search, bool last_turn = false);

  // All of it at once. At most `limit` lines after the first `skip` ones, each ended by CRLF, as valid UTF-8. Empty
  // behind the end of the log, and when the place was not found within kMaxScanBytes. Numbers below 0 count as 0.
  Result<std::string> page(int fd, std::int64_t skip, std::int64_t limit);

 private:
  LineIndexes indexes_;
};

}  // namespace porpoise
