// The daemon's own log: one writer for all, secrets taken out, repetitions counted instead of written.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace porpoise {

// Replaces known secrets in text by ****.
//
// A value, immutable after construction; any thread. Pure.
class Redactor {
 public:
  explicit Redactor(std::vector<std::string> secrets);

  // Each stretch of `text` that is covered by secrets, also by several that overlap, becomes one ****.
  std::string apply(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;
};

// The daemon's own log on standard error: lines for people,
//   2026-11-25 10:00:00.123 INFO  task started task_instance_id=12 master=10.0.0.1:5678
// or one JSON object each, {"time":…,"level":"INFO","message":"task started","task_instance_id":12,…}.
//
// One, owned by Daemon and passed by reference; any thread. A line is one line and holds no secret, whatever is put in.

// One named value of a line. Names are the same everywhere: task_instance_id, process_instance_id, task_type, master, …
struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, bool yes) : key(name), value(yes) {}
  LogField(std::string_view name, std::integral auto number) : key(name), value(static_cast<std::int64_t>(number)) {}
  LogField(std::string_view name, std::floating_point auto number) : key(name), value(static_cast<double>(number)) {}

  std::string_view key;
  std::variant<bool, std::int64_t, double, std::string_view> value;
};
using LogFields = std::initializer_list<LogField>;

struct LogSettings {
  std::string level = "info";  // debug, info, warn, error
  bool json = false;
  bool no_color = false;  // else text has colours on a terminal
  std::vector<std::string> secrets = {};
  std::FILE* target = stderr;  // not owned
};

class Log {
 public:
  // ErrorCode::kInvalid for a text that is not a level.
  static Result<Log> open(const LogSettings& settings);
  Log(Log&&) noexcept;
  ~Log();

  // From now on, for all threads. ErrorCode::kInvalid as above.
  Status set_level(const std::string& level);

  void debug(std::string_view message, LogFields fields = {});
  void info(std::string_view message, LogFields fields = {});
  void warn(std::string_view message, LogFields fields = {});
  void error(std::string_view message, LogFields fields = {});

 private:
  struct Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Warnings that peers can cause as often as they like: a few a second, and then how many more there were. A storm must
// not fill the disk that tasks write their logs to.
//
// Owned by Daemon; one thread.
class RateLimitedLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t kLinesASecond = 10;

  explicit RateLimitedLog(Log& log) : log_(log) {}

  void warn(std::string_view message, LogFields fields = {}, Clock::time_point now = Clock::now());

 private:
  Log& log_;
  Clock::time_point began_{};  // of this second
  std::uint64_t lines_ = 0;    // of this second, said or not
};

}  // namespace porpoise
