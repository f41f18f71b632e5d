// Where lines begin in the logs that were looked at lately, so that a deep page does not read its log from the start.
//
// Marks are sparse and bounded. An index is for one file, known by device and inode, that has only grown since: when it
// shrank, or other bytes stand before the last mark, it was written anew and the index begins anew. Belongs to the log
// pager, on its thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace porpoise {

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
