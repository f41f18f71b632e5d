// The log of one task, in the format of 3.1 (`TaskLogDiscriminator`, `LogUtils`): "[INFO] <time> - <text>".
//
// Its only writer, on one thread. Texts are kept until flush; nothing is lost when the caller flushes at due(), before
// it blocks and at the end. No line is ever empty: log viewers of 3.1 stop or loop there. A disk that refuses is no
// reason to stop a task: what could not be written is counted and said as soon as writing works again.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace porpoise {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

class TaskLog {
 public:
  using Clock = std::chrono::steady_clock;

  // Appends to `path`, whose folders are made. An empty path is a log that forgets.
  static Result<TaskLog> open(const std::filesystem::path& path);

  // Lines after the first are set off by a TAB.
  void write(LogLevel level, std::string_view text);

  // A line that the task printed. Those of a moment form one batch under one time stamp.
  void output(std::string_view line);

  // When to flush at the latest.
  std::optional<Clock::time_point> due() const { return due_; }
  void flush();

 private:
  explicit TaskLog(UniqueFd fd) : fd_(std::move(fd)) {}

  void begin_entry(LogLevel level);
  void append(std::string_view line);
  void admit_loss();

  UniqueFd fd_;
  std::string buffer_;
  bool in_batch_ = false;
  Clock::time_point batch_end_;
  std::optional<Clock::time_point> due_;
  std::time_t second_ = -1;  // of stamp_: a date costs more than a line
  char stamp_[32] = {};
  char zone_[8] = {};
  std::uint64_t lost_bytes_ = 0;
  int problem_ = 0;        // errno of the loss
  bool mid_line_ = false;  // what was written last ends within a line
};

}  // namespace porpoise
