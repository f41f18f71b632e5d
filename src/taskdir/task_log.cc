#include "taskdir/task_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace porpoise {
namespace {

// A parameter that a task sets is one line, however long; it is held back until it is whole.
std::size_t limit_of(std::string_view line) {
  const bool sets_value = line.starts_with("${setValue(") || line.starts_with("#{setValue(");
  return sets_value ? kMaxSetValueBytes : kMaxLineBytes;
}

}  // namespace

void LineSplitter::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (after_return_ && bytes.front() == '\n') bytes.remove_prefix(1);
    after_return_ = false;
    const auto end = std::find_if(bytes.begin(), bytes.end(), [](char c) { return c == '\n' || c == '\r'; });
    const std::string_view part = bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
    if (end == bytes.end()) return hold(part, sink);
    if (held_.empty() && part.size() <= kMaxLineBytes) {
      emit(part, false, sink);
    } else {
      hold(part, sink);
      emit(held_, false, sink);
      held_.clear();
    }
    after_return_ = *end == '\r';
    bytes.remove_prefix(part.size() + 1);
  }
}

void LineSplitter::finish(const Sink& sink) {
  if (!held_.empty()) emit(held_, false, sink);
  held_.clear();
}

void LineSplitter::hold(std::string_view part, const Sink& sink) {
  held_ += part;
  std::string_view rest = held_;
  if (!continues_ && rest.size() <= limit_of(rest)) return;
  while (rest.size() > kMaxLineBytes) {
    const std::string_view piece = cut_utf8(rest, kMaxLineBytes);
    emit(piece, true, sink);
    rest.remove_prefix(piece.size());
  }
  held_.erase(0, held_.size() - rest.size());
}

void LineSplitter::emit(std::string_view text, bool goes_on, const Sink& sink) {
  sink({text, continues_, goes_on});
  continues_ = goes_on;
}

namespace {

constexpr std::string_view kWord = "password";
constexpr std::ptrdiff_t kMaxKeyBytes = 256;  // from the word to its value: more blanks than that are no key

using Cursor = std::span<char>::iterator;

bool same_letter(char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }

bool is_quote(char c) { return c == '"' || c == '\''; }

Cursor skip(Cursor at, Cursor end, std::string_view characters) {
  return std::find_if(at, end, [&](char c) { return characters.find(c) == std::string_view::npos; });
}

// Where the value behind `password` begins: after an opening quote; `end` when there is none.
Cursor value_begin(Cursor at, Cursor end) {
  at = skip(at, end, "\\\"' ");
  if (at == end || (*at != ':' && *at != '=')) return end;
  at = skip(at + 1, end, "\\ ");
  return at != end && is_quote(*at) ? at + 1 : end;
}

Cursor value_end(Cursor begin, Cursor end) {
  const char quote = begin[-1];
  const bool in_text = begin[-2] == '\\';  // the whole JSON is a text in another: \" is its plain quote
  for (Cursor at = begin; at != end; ++at) {
    if (*at == '\\' && !in_text && at + 1 != end) {
      ++at;
    } else if (*at == quote) {
      return in_text && at != begin && at[-1] == '\\' ? at - 1 : at;
    }
  }
  return end;
}

// `at` is behind the word: the line ends before it is clear whether there is a value.
bool ends_before_value(Cursor at, Cursor end) {
  at = skip(at, end, "\\\"' ");
  if (at == end) return true;
  if (*at != ':' && *at != '=') return false;
  at = skip(at + 1, end, "\\ ");
  return at == end || (is_quote(*at) && at + 1 == end);
}

// A beginning that leaves the next piece in the midst of such a value.
std::string within_value(Cursor begin, Cursor end) {
  const auto backslashes =
      std::find_if(std::reverse_iterator(end), std::reverse_iterator(begin), [](char c) { return c != '\\'; }) -
      std::reverse_iterator(end);
  const std::string_view escape = backslashes % 2 == 1 ? "\\" : "";
  return std::string(kWord)
      .append(1, ':')
      .append(1, begin[-2] == '\\' ? '\\' : ' ')
      .append(1, begin[-1])
      .append(escape);
}

// The end of the line as far as it may be the beginning of the word.
std::string begun_word(Cursor begin, Cursor end) {
  const auto most = std::min(static_cast<std::size_t>(end - begin), kWord.size() - 1);
  for (std::size_t length = most; length > 0; --length)
    if (std::equal(end - static_cast<std::ptrdiff_t>(length), end, kWord.begin(), same_letter))
      return {end - static_cast<std::ptrdiff_t>(length), end};
  return {};
}

// Returns what has to stand before the next piece of the line, if there is one.
std::string mask_piece(std::span<char> line) {
  for (Cursor at = line.begin();;) {
    const Cursor word = std::search(at, line.end(), kWord.begin(), kWord.end(), same_letter);
    if (word == line.end()) return begun_word(at, line.end());
    at = word + static_cast<std::ptrdiff_t>(kWord.size());
    const Cursor begin = value_begin(at, line.end());
    if (begin == line.end()) {
      if (!ends_before_value(at, line.end())) continue;
      return line.end() - word <= kMaxKeyBytes ? std::string(word, line.end()) : std::string();
    }
    const Cursor end = value_end(begin, line.end());
    std::string rest = end == line.end() ? within_value(begin, end) : "";
    std::fill(begin, end, '*');
    if (end == line.end()) return rest;
    at = end;
  }
}

}  // namespace

void mask_passwords(std::span<char> line) {
  // Most output has no quote at all, and looking for one is fast.
  if (std::memchr(line.data(), '"', line.size()) != nullptr || std::memchr(line.data(), '\'', line.size()) != nullptr)
    (void)mask_piece(line);
}

void PasswordMask::mask(std::span<char> piece, bool goes_on) {
  std::string text = before_;
  text.append(piece.data(), piece.size());
  std::string rest = mask_piece(text);
  std::copy(text.end() - static_cast<std::ptrdiff_t>(piece.size()), text.end(), piece.begin());
  before_ = goes_on ? std::move(rest) : "";
}

namespace {

constexpr std::size_t kBufferBytes = 64U << 10U;
constexpr std::uint64_t kClosingBytes = 64U << 10U;  // for what is said of a task whose output has filled its log
constexpr std::size_t kPrefixBytes = 80;

// Lines wait this long in memory for more of them, so that a chatty task does not cost one write each.
constexpr std::chrono::milliseconds kBatchTime{100};

const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "DEBUG";
    case LogLevel::kInfo: return "INFO";
    case LogLevel::kWarn: return "WARN";
    case LogLevel::kError: return "ERROR";
  }
  return "INFO";
}

UniqueFd make_file(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);  // open() says why if that did not work
  // 0640: other servers of the installation may read it as members of the group.
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640));
}

}  // namespace

Result<TaskLog> TaskLog::open(const std::filesystem::path& path, std::uint64_t max_bytes) {
  if (path.empty()) return TaskLog(UniqueFd(), 0, 0);
  UniqueFd fd = make_file(path);
  if (!fd && errno == ENOENT) fd = make_file(path);  // who removes old logs took the folder for an empty one
  if (!fd) return fail_errno("cannot open task log " + path.string(), errno);
  struct stat info {};
  const std::uint64_t size = ::fstat(fd.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  return TaskLog(std::move(fd), size, max_bytes);
}

// Whether a line of so many bytes is too much.
bool TaskLog::is_full(std::size_t more, std::uint64_t reserve) {
  if (told_full_ && reserve == 0) return true;  // also a line that would still fit: what is kept has no gaps
  if (max_bytes_ == 0 || size_ + more + kPrefixBytes <= max_bytes_ + reserve) return false;
  if (std::exchange(told_full_, true)) return true;
  in_batch_ = false;
  begin_entry(LogLevel::kWarn);
  append("this log has reached its limit (log-max-size " + std::to_string(max_bytes_) +
         " bytes): what the task prints from here on is not kept; the task runs on");
  if (!due_) due_ = Clock::now() + kBatchTime;
  return true;
}

void TaskLog::write(LogLevel level, std::string_view text) {
  if (is_full(text.size(), kClosingBytes)) return;
  in_batch_ = false;
  begin_entry(level);
  bool first = true;
  const LineSplitter::Sink add = [&](const LineSplitter::Line& line) {
    if (!std::exchange(first, false)) buffer_ += '\t';
    append(escape_controls(line.text, "\t"));  // it may quote a server
  };
  LineSplitter lines;
  lines.feed(text, add);
  lines.finish(add);
  if (first) append("");
  if (!due_) due_ = Clock::now() + kBatchTime;
}

void TaskLog::output(std::string_view line) {
  if (is_full(line.size(), 0)) return;
  if (in_batch_) {
    buffer_ += '\t';
  } else {
    begin_entry(LogLevel::kInfo);
    buffer_ += " -> ";
    in_batch_ = true;
    batch_end_ = Clock::now() + kBatchTime;
  }
  append(line);
  if (!due_) due_ = batch_end_;
}

void TaskLog::begin_entry(LogLevel level) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != second_) {
    second_ = now.tv_sec;
    std::tm local{};
    ::localtime_r(&second_, &local);
    std::strftime(stamp_, sizeof stamp_, "%Y-%m-%d %H:%M:%S", &local);
    std::strftime(zone_, sizeof zone_, "%z", &local);
  }
  char prefix[kPrefixBytes];
  const int length = std::snprintf(prefix, sizeof prefix, "[%s] %s.%03ld %s - ", name_of(level), stamp_,
                                   now.tv_nsec / 1'000'000, zone_);
  buffer_.append(prefix, static_cast<std::size_t>(length));
  size_ += static_cast<std::size_t>(length);
}

void TaskLog::append(std::string_view line) {
  const std::size_t begin = buffer_.size();
  buffer_ += line;
  mask_passwords(std::span(buffer_).subspan(begin));
  buffer_ += '\n';
  size_ += buffer_.size() - begin;
  if (buffer_.size() >= kBufferBytes) flush();
}

void TaskLog::flush() {
  if (lost_bytes_ > 0) admit_loss();
  std::string_view rest = fd_ ? std::string_view(buffer_) : std::string_view();
  while (!rest.empty()) {
    const ssize_t count = ::write(fd_.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      problem_ = errno;
      lost_bytes_ += rest.size();
      break;
    }
    mid_line_ = rest[static_cast<std::size_t>(count) - 1] != '\n';
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
  due_.reset();
  if (Clock::now() >= batch_end_) in_batch_ = false;
}

void TaskLog::admit_loss() {
  const std::string text = (mid_line_ ? "\n[WARN] " : "[WARN] ") + std::string(stamp_) + " - " +
                           std::to_string(lost_bytes_) +
                           " bytes of this log are missing: " + std::generic_category().message(problem_) + "\n";
  if (::write(fd_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) lost_bytes_ = 0;
}

}  // namespace porpoise
