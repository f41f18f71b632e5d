// The lines of an open file from one of them on, cut as Java's BufferedReader cuts them: CR, LF and CRLF end a line,
// and what follows the last end is a line if it is not empty.
//
// Reads in blocks and keeps of a line only what is asked for, so memory does not depend on the file. Belongs to one
// request; the descriptor must outlive it.
#pragma once

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

  // Goes to the next line and keeps at most `keep` bytes of its text; false when there is none, or on an error.
  bool next(std::size_t keep);
  const Line& line() const { return line_; }

  const Status& status() const { return status_; }

 private:
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
  std::string held_;  // of a line that reaches over the end of a block
  Line line_;
  Status status_;
};

}  // namespace porpoise
