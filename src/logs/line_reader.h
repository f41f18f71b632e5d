// The lines of an open file from one of them on, cut as Java's BufferedReader cuts them: CR, LF and CRLF end a line,
// and what follows the last end is a line if it is not empty.
//
// Reads in blocks and keeps of a line only what is asked for, so memory does not depend on the file. Belongs to one
// request; the descriptor must outlive it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

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

}  // namespace porpoise
