#include "replay/task_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxTailBytes = 256U << 10U;
constexpr std::string_view kEndMark = "FINALIZE_SESSION";

// The length of "[INFO] 2026-01-31 12:00:00.123 +0000 - ", or 0 when the line does not begin so.
std::size_t prefix_size(std::string_view line) {
  constexpr std::size_t kTimeSize = sizeof "2026-01-31 12:00:00.123 +0000" - 1;
  const std::size_t level_end = line.find("] ");
  if (line.empty() || line[0] != '[' || level_end == std::string_view::npos || level_end > 8) return 0;
  const std::size_t dash = level_end + 2 + kTimeSize;
  return line.substr(std::min(dash, line.size())).rfind(" - ", 0) == 0 ? dash + 3 : 0;
}

std::string_view without_prefix(std::string_view line) {
  if (!line.empty() && line[0] == '\t') return line.substr(1);
  line.remove_prefix(prefix_size(line));
  if (line.rfind(" -> ", 0) == 0) line.remove_prefix(4);
  return line;
}

}  // namespace

Status append_log(const std::filesystem::path& log, LogLevel level, std::string_view text, LogEnd end) {
  PORPOISE_TRY(TaskLog file, TaskLog::open(log));
  file.write(level, text);
  if (end == LogEnd::kFinal) file.write(LogLevel::kInfo, kEndMark);
  file.flush();
  return {};
}

std::vector<std::string> plain_log_lines(std::string_view log_text) {
  std::vector<std::string> lines;
  while (!log_text.empty()) {
    const std::size_t end = std::min(log_text.find('\n'), log_text.size());
    const std::string_view line = without_prefix(log_text.substr(0, end));
    if (!line.empty() && line != kEndMark) lines.emplace_back(line);
    log_text.remove_prefix(std::min(end + 1, log_text.size()));
  }
  return lines;
}

std::vector<std::string> log_tail(const std::filesystem::path& log, std::size_t count) {
  const UniqueFd fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return {};
  const auto size = static_cast<std::size_t>(info.st_size);
  std::string text(std::min(size, kMaxTailBytes), '\0');
  const ssize_t read = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
  if (read < 0) return {};
  text.resize(static_cast<std::size_t>(read));
  if (size > text.size()) text.erase(0, text.find('\n') + 1);  // the first line is only half there
  std::vector<std::string> lines = plain_log_lines(text);
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

}  // namespace porpoise
