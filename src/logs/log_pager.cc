#include "logs/log_pager.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/text.h"

namespace porpoise {

Result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count =
        ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("cannot read a task log", errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

namespace {

struct Sequence {
  std::size_t bytes = 1;
  bool valid = false;
};

// What `text` begins with: a code point, or bytes that are not one (Unicode, table 3-7).
Sequence first_sequence(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte keeps out long forms, surrogates and what lies beyond U+10FFFF.
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

void append_valid_utf8(std::string& text, std::string_view bytes, std::size_t max_bytes) {
  const std::size_t begin = text.size();
  while (!bytes.empty() && text.size() - begin < max_bytes) {
    const auto end = std::find_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) != 0; });
    const auto ascii = static_cast<std::size_t>(end - bytes.begin());
    if (ascii > 0) {
      text += bytes.substr(0, std::min(ascii, max_bytes - (text.size() - begin)));
      bytes.remove_prefix(ascii);
      continue;
    }
    const Sequence sequence = first_sequence(bytes);
    text += sequence.valid ? bytes.substr(0, sequence.bytes) : std::string_view("\xEF\xBF\xBD");
    bytes.remove_prefix(sequence.bytes);
  }
}

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

Result<LogTail> find_tail(int fd, std::size_t max_bytes) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno("cannot stat a task log", errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  LogTail tail{size - std::min<std::uint64_t>(size, max_bytes), size};
  if (tail.begin == 0) return tail;
  std::string text(static_cast<std::size_t>(std::min<std::uint64_t>(size - tail.begin, kMaxPartialLine)), '\0');
  PORPOISE_TRY(const std::size_t count, read_at(fd, tail.begin, text));
  text.resize(count);
  tail.begin += partial_line(text);
  return tail;
}

std::string CrLfText::feed(std::string_view bytes, bool last) {
  pending_ += bytes;
  std::string text;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_of("\r\n");
    if (end == std::string_view::npos) break;
    if (end + 1 == rest.size() && rest[end] == '\r' && !last) break;  // a LF may follow
    append_valid_utf8(text, rest.substr(0, end), std::string::npos);
    text += "\r\n";
    in_line_ = false;
    rest.remove_prefix(end);
    rest.remove_prefix(rest.starts_with("\r\n") ? 2 : 1);
  }
  // Of a line without an end what is certain to be whole characters; a lone CR at the end waits.
  const std::size_t end = rest.ends_with('\r') && !last ? rest.size() - 1 : rest.size();
  const std::string_view part = last ? rest : cut_utf8(rest, end < 4 ? 0 : end - 4);
  if (!part.empty()) {
    append_valid_utf8(text, part, std::string::npos);
    in_line_ = true;
    rest.remove_prefix(part.size());
  }
  if (last && in_line_) text += "\r\n";
  pending_.erase(0, pending_.size() - rest.size());
  return text;
}

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

LogPager::Search::Search(int fd, std::int64_t skip, std::int64_t limit)
    : fd_(fd), first_(static_cast<std::uint64_t>(std::max<std::int64_t>(skip, 0))), limit_(limit) {}

Result<std::optional<std::string>> LogPager::go_on(Search& search, bool last_turn) {
  struct stat info {};
  if (::fstat(search.fd_, &info) != 0) return fail_errno("cannot stat a task log", errno);
  LineIndex& index = indexes_.of(search.fd_, info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size));
  if (!search.reader_) {
    const LineIndex::Mark mark = index.before(search.first_);
    search.line_ = mark.line;
    search.reader_.emplace(search.fd_, mark.offset);
    search.reader_->limit(kMaxScanBytes);
  }
  LineReader& reader = *search.reader_;
  reader.pause_after(kTurnBytes);
  const auto next = [&](std::size_t keep) {
    if (!reader.next(keep)) return false;
    index.note({search.line_++, reader.line().begin});
    return true;
  };
  if (!search.at_place_) {
    while (search.line_ < search.first_ && next(0)) continue;
    if (!reader.paused()) {
      search.at_place_ = true;
      // Stopped within a line, its rest is no line.
      if (search.line_ != search.first_ || !reader.line().whole) search.limit_ = 0;
      reader.limit(kMaxScanBytes);
    }
  }
  if (search.at_place_)
    for (; search.limit_ > 0 && search.counted_ < kPageBytes && next(kKeptBytes); --search.limit_)
      search.counted_ += append_line(search.page_, reader.line());
  index.seal(search.fd_);
  if (reader.paused() && !last_turn) return std::nullopt;
  if (search.page_.empty()) PORPOISE_TRY_VOID(reader.status());
  return std::move(search.page_);
}

Result<std::string> LogPager::page(int fd, std::int64_t skip, std::int64_t limit) {
  Search search(fd, skip, limit);
  while (true) {
    PORPOISE_TRY(auto page, go_on(search));
    if (page) return *std::move(page);
  }
}

}  // namespace porpoise
