// The log of one task: its lines cut from a stream, passwords hidden, written in the format of 3.1.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// Cuts a stream of bytes into lines, the way Java's BufferedReader does (3.1 reads output with it): CR, LF and CRLF all
// end a line, so that a progress bar is many short lines.
//
// Memory is bounded: a line longer than the limit is handed over in parts. One stream, one thread.

// Log viewers of 3.1 cut a line at 65535 bytes (`LoggerRequestProcessor`); ours and its prefix stay below.
inline constexpr std::size_t kMaxLineBytes = 60000;

// A line that sets a parameter must be whole to count, and 3.1 knows no limit. What is longer comes in parts like any
// other line.
inline constexpr std::size_t kMaxSetValueBytes = 16U << 20U;

class LineSplitter {
 public:
  struct Line {
    std::string_view text;
    bool continues = false;  // the line before was cut here
    bool goes_on = false;    // the limit was reached, the next one continues it
  };
  using Sink = std::function<void(const Line& line)>;

  void feed(std::string_view bytes, const Sink& sink);
  // The stream has ended: hands over a last line without a line end.
  void finish(const Sink& sink);

 private:
  void hold(std::string_view part, const Sink& sink);
  void emit(std::string_view text, bool goes_on, const Sink& sink);

  std::string held_;  // the line so far, when it reached over the end of what was fed
  bool continues_ = false;
  bool after_return_ = false;  // a line feed now belongs to the CR before it
};

// Hides passwords in log text. Pure.

// Replaces values like password":"…" and password='…' by as many asterisks, whatever the case (3.1
// `SensitiveDataConverter`); also with blanks around the sign and with \" for ".
void mask_passwords(std::span<char> line);

// The same for a line that comes in pieces, wherever it was cut: in the word, before the value or within it.
class PasswordMask {
 public:
  // `goes_on`: the next piece continues the line.
  void mask(std::span<char> piece, bool goes_on);

 private:
  std::string before_;  // what the next piece must be read behind, without a byte of a password in it
};

// The log of one task, in the format of 3.1 (`TaskLogDiscriminator`, `LogUtils`): "[INFO] <time> - <text>".
//
// Its only writer, on one thread. Texts are kept until flush; nothing is lost when the caller flushes at due(), before
// it blocks and at the end. No line is ever empty: log viewers of 3.1 stop or loop there. A disk that refuses is no
// reason to stop a task: what could not be written is counted and said as soon as writing works again.
enum class LogLevel { kDebug, kInfo, kWarn, kError };

class TaskLog {
 public:
  using Clock = std::chrono::steady_clock;

  // Appends to `path`, whose folders are made. An empty path is a log that forgets. With `max_bytes`, what the task
  // prints beyond so large a file is dropped, which the log says once; what write() gets has 64 KiB more, so that a
  // log always tells how its task ended.
  static Result<TaskLog> open(const std::filesystem::path& path, std::uint64_t max_bytes = 0);

  // Lines after the first are set off by a TAB.
  void write(LogLevel level, std::string_view text);

  // A line that the task printed. Those of a moment form one batch under one time stamp.
  void output(std::string_view line);

  // When to flush at the latest.
  std::optional<Clock::time_point> due() const { return due_; }
  void flush();

 private:
  TaskLog(UniqueFd fd, std::uint64_t size, std::uint64_t max_bytes)
      : fd_(std::move(fd)), size_(size), max_bytes_(max_bytes) {}

  void begin_entry(LogLevel level);
  void append(std::string_view line);
  void admit_loss();
  bool is_full(std::size_t more, std::uint64_t reserve);

  UniqueFd fd_;
  std::string buffer_;
  bool in_batch_ = false;
  Clock::time_point batch_end_;
  std::optional<Clock::time_point> due_;
  std::time_t second_ = -1;  // of stamp_: a date costs more than a line
  char stamp_[32] = {};
  char zone_[8] = {};
  std::uint64_t size_ = 0;       // of the file with what is in buffer_
  std::uint64_t max_bytes_ = 0;  // 0: no limit
  bool told_full_ = false;
  std::uint64_t lost_bytes_ = 0;
  int problem_ = 0;        // errno of the loss
  bool mid_line_ = false;  // what was written last ends within a line
};

}  // namespace porpoise
