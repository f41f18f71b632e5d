// The end of a log that may be larger than an answer: why a task failed stands there. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace porpoise {

struct LogTail {
  std::uint64_t left_out = 0;  // bytes before it; it then begins with a line, unless that one is very long
  std::string bytes;
};

// At most the last `max_bytes` of an open file, as it was when this began.
Result<LogTail> read_tail(int fd, std::size_t max_bytes);

}  // namespace porpoise
