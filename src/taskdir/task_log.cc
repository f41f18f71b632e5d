#include "taskdir/task_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "taskdir/line_splitter.h"
#include "taskdir/mask.h"

namespace porpoise {
namespace {

constexpr std::size_t kBufferBytes = 64U << 10U;

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

Result<TaskLog> TaskLog::open(const std::filesystem::path& path) {
  if (path.empty()) return TaskLog(UniqueFd());
  UniqueFd fd = make_file(path);
  if (!fd && errno == ENOENT) fd = make_file(path);  // who removes old logs took the folder for an empty one
  if (!fd) return fail_errno("cannot open task log " + path.string(), errno);
  return TaskLog(std::move(fd));
}

void TaskLog::write(LogLevel level, std::string_view text) {
  in_batch_ = false;
  begin_entry(level);
  bool first = true;
  const LineSplitter::Sink add = [&](const LineSplitter::Line& line) {
    if (!std::exchange(first, false)) buffer_ += '\t';
    append(line.text);
  };
  LineSplitter lines;
  lines.feed(text, add);
  lines.finish(add);
  if (first) append("");
  if (!due_) due_ = Clock::now() + kBatchTime;
}

void TaskLog::output(std::string_view line) {
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
  char prefix[80];
  const int length = std::snprintf(prefix, sizeof prefix, "[%s] %s.%03ld %s - ", name_of(level), stamp_,
                                   now.tv_nsec / 1'000'000, zone_);
  buffer_.append(prefix, static_cast<std::size_t>(length));
}

void TaskLog::append(std::string_view line) {
  const std::size_t begin = buffer_.size();
  buffer_ += line;
  mask_passwords(std::span(buffer_).subspan(begin));
  buffer_ += '\n';
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
