#include "logs/log_pager.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/utf8.h"
#include "logs/line_reader.h"
#include "logs/utf8_text.h"

namespace porpoise {
namespace {

// One more than a code point has: where to cut is seen only behind the cut.
constexpr std::size_t kKeptBytes = kPageBytes + 4;

// Returns what the line counts for in its page.
std::size_t append_line(std::string& page, const LineReader::Line& line) {
  const std::size_t begin = page.size();
  append_valid_utf8(page, line.kept, kKeptBytes);
  std::size_t size = page.size() - begin;
  if (size >= kPageBytes || line.bytes >= kPageBytes) {
    size = cut_utf8(std::string_view(page).substr(begin), kPageBytes).size();
    page.resize(begin + size);
    page += " [line cut: it has " + std::string(line.whole ? "" : "more than ") + std::to_string(line.bytes) +
            " bytes, the log file holds them all]";
    size = kPageBytes;
  } else if (size == 0) {
    page += ' ';
    size = 1;
  }
  page += "\r\n";
  return size;
}

}  // namespace

Result<std::string> LogPager::page(int fd, std::int64_t skip, std::int64_t limit) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno("cannot stat a task log", errno);
  LineIndex& index = indexes_.of(fd, info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size));

  const auto first = static_cast<std::uint64_t>(std::max<std::int64_t>(skip, 0));
  const LineIndex::Mark mark = index.before(first);
  std::uint64_t line = mark.line;
  LineReader reader(fd, mark.offset);
  reader.limit(kMaxScanBytes);
  const auto next = [&](std::size_t keep) {
    if (!reader.next(keep)) return false;
    index.note({line++, reader.line().begin});
    return true;
  };
  while (line < first && next(0)) continue;

  std::string page;
  // Stopped within a line, its rest is no line.
  if (line == first && reader.line().whole) {
    reader.limit(kMaxScanBytes);
    for (std::size_t size = 0; limit > 0 && size < kPageBytes && next(kKeptBytes); --limit)
      size += append_line(page, reader.line());
  }
  index.seal(fd);
  if (page.empty()) PORPOISE_TRY_VOID(reader.status());
  return page;
}

}  // namespace porpoise
