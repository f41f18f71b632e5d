#include "observe/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "observe/gauges.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxStatBytes = 4096;

// Of /proc/self/stat, see proc(5); times in clock ticks.
struct Stat {
  std::int64_t cpu_ticks = 0;
  std::int64_t threads = 0;
  std::int64_t start_ticks = 0;
  std::int64_t virtual_bytes = 0;
  std::int64_t resident_pages = 0;
};

std::optional<Stat> parse_stat(std::string_view text) {
  constexpr int kFirst = 4;  // the parent, behind the state, behind the name in parentheses
  constexpr int kLast = 24;
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 4 > text.size()) return std::nullopt;
  text.remove_prefix(name_end + 4);
  std::int64_t fields[kLast + 1] = {};
  for (int field = kFirst; field <= kLast; ++field) {
    const char* const end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, fields[field]);
    if (problem != std::errc() && problem != std::errc::result_out_of_range) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return Stat{.cpu_ticks = fields[14] + fields[15],
              .threads = fields[20],
              .start_ticks = fields[22],
              .virtual_bytes = fields[23],
              .resident_pages = fields[24]};
}

std::optional<Stat> read_stat() {
  const Result<std::string> text = read_file("/proc/self/stat", kMaxStatBytes);
  return text ? parse_stat(*text) : std::nullopt;
}

double ticks_to_seconds(std::int64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> count_open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (!folder) return std::nullopt;
  int count = -1;  // the folder itself
  while (const dirent* const entry = ::readdir(folder.get()))
    if (entry->d_name[0] != '.') ++count;
  return count;
}

}  // namespace

ProcessMetrics::ProcessMetrics() {
  const std::optional<Stat> stat = read_stat();
  timespec since_boot{};
  if (!stat || ::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) return;
  const double boot_seconds = static_cast<double>(since_boot.tv_sec) + static_cast<double>(since_boot.tv_nsec) / 1e9;
  start_time_seconds_ = static_cast<double>(wall_ms()) / 1000 - boot_seconds + ticks_to_seconds(stat->start_ticks);
}

std::vector<prometheus::MetricFamily> ProcessMetrics::collect() const {
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](const char* name, const char* help, double value) {
    families.push_back(gauge(name, help, value));
  };
  if (const std::optional<Stat> stat = read_stat()) {
    add("process_cpu_seconds_total", "CPU time spent, user and system.", 0);
    families.back().type = prometheus::MetricType::Counter;
    families.back().metric.front().counter.value = ticks_to_seconds(stat->cpu_ticks);
    add("process_resident_memory_bytes", "Memory that is in RAM.",
        static_cast<double>(stat->resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    add("process_virtual_memory_bytes", "Address space.", static_cast<double>(stat->virtual_bytes));
    add("process_threads", "Threads.", static_cast<double>(stat->threads));
  }
  if (const std::optional<double> count = count_open_fds()) add("process_open_fds", "Open file descriptors.", *count);
  if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    add("process_max_fds", "Largest number of file descriptors.", static_cast<double>(limit.rlim_cur));
  if (start_time_seconds_)
    add("process_start_time_seconds", "When the process started, since the epoch.", *start_time_seconds_);
  return families;
}

}  // namespace porpoise
