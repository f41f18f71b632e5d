#include "logs/log_tail.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "logs/read_at.h"

namespace porpoise {
namespace {

// Task logs of ours have no longer lines, and the beginning of a longer one is not worth losing the rest.
constexpr std::size_t kMaxPartialLine = 64U << 10U;

// The rest of the line that `text` begins in, with its end; 0 when that is far away.
std::size_t partial_line(std::string_view text) {
  text = text.substr(0, kMaxPartialLine);
  const std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) return 0;
  return text.substr(end).starts_with("\r\n") ? end + 2 : end + 1;
}

}  // namespace

Result<LogTail> read_tail(int fd, std::size_t max_bytes) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno("cannot stat a task log", errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  LogTail tail;
  tail.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, max_bytes)));
  tail.left_out = size - tail.bytes.size();
  PORPOISE_TRY(const std::size_t count, read_at(fd, tail.left_out, tail.bytes));
  tail.bytes.resize(count);
  if (tail.left_out > 0) {
    const std::size_t partial = partial_line(tail.bytes);
    tail.bytes.erase(0, partial);
    tail.left_out += partial;
  }
  return tail;
}

}  // namespace porpoise
