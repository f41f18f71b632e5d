// What is read of a task log: a page, its tail, and the text of it as JSON can carry it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

// The lines of an open file from one of them on, cut as Java's BufferedReader cuts them: CR, LF and CRLF end a line,
// and what follows the last end is a line if it is not empty.
//
// Reads in blocks and keeps of a line only what is asked for, so memory does not depend on the file. Belongs to one
// request; the descriptor must outlive it.

class LineReader {
 public:
  struct Line {
    std::uint64_t begin = 0;  // offset of its first byte
    std::uint64_t bytes = 0;  // without its end
    std::string_view kept;    // what was asked for of it; valid until the next step
    bool whole = true;        // false: reading stopped in it, at the limit
  };

  // `offset` is where a line begins.
  LineReader(int fd, std::uint64_t offset) : fd_(fd), block_begin_(offset) {}

  // From here on, read about so many bytes more and then behave as if the file ended.
  void limit(std::uint64_t max_bytes) { allowed_ = max_bytes; }

  // After about so many bytes more, next() gives false and paused() is true; pause_after() lets it continue where it
  // stopped.
  void pause_after(std::uint64_t bytes) {
    before_pause_ = bytes;
    paused_ = false;
  }
  bool paused() const { return paused_; }

  // Goes to the next line and keeps at most `keep` bytes of its text; false when there is none, or on an error.
  bool next(std::size_t keep);
  const Line& line() const { return line_; }

  const Status& status() const { return status_; }

 private:
  bool begin_line();
  bool fill();
  bool at_end() { return cursor_ == end_ && !fill(); }
  std::size_t find_end();

  int fd_;
  std::vector<char> block_;
  std::uint64_t block_begin_;  // offset of the block in the file
  std::size_t cursor_ = 0;
  std::size_t end_ = 0;
  std::size_t return_ = 0;  // the first CR at or after the cursor, or end_: searched once per block, not per line
  bool after_return_ = false;
  bool limited_ = false;
  std::uint64_t allowed_ = UINT64_MAX;
  std::uint64_t before_pause_ = UINT64_MAX;
  bool paused_ = false;
  bool in_line_ = false;  // paused within it
  std::string held_;      // of a line that reaches over the end of a block
  Line line_;
  Status status_;
};

// Where lines begin in the logs that were looked at lately, so that a deep page does not read its log from the start.
//
// Marks are sparse and bounded. An index is for one file, known by device and inode, that has only grown since: when it
// shrank, or other bytes stand before the last mark, it was written anew and the index begins anew. Belongs to the log
// pager, on its thread.
class LineIndex {
 public:
  // A line and the offset of its first byte. It is noted only when that byte has been read, so a mark never stands
  // between the CR and the LF of one line end.
  struct Mark {
    std::uint64_t line = 0;
    std::uint64_t offset = 0;
  };

  // The last mark that is not behind `line`; the beginning of the file when there is none.
  Mark before(std::uint64_t line) const;
  // Takes it when it is far enough behind the last one.
  void note(Mark mark);

  // Keeps what stands before the last mark, to tell by `still_fits` that the file has only grown.
  void seal(int fd);
  bool still_fits(int fd, std::uint64_t size) const;

  std::size_t marks() const { return marks_.size(); }

 private:
  std::vector<Mark> marks_;
  std::uint64_t stride_ = 64U << 10U;  // least bytes between marks: one block to read for a page; doubles when full
  std::string before_last_;
  std::uint64_t sealed_ = 0;  // the offset that before_last_ ends at
};

class LineIndexes {
 public:
  // The index of the open file `fd`, new when its file was not known. Valid until the next call.
  LineIndex& of(int fd, dev_t device, ino_t inode, std::uint64_t size);

 private:
  struct Entry {
    dev_t device;
    ino_t inode;
    LineIndex index;
  };
  std::vector<Entry> entries_;  // the one used last stands first
};

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
