#include "observe/gauges.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxValueBytes = 48;  // the longest name that 3.1 gives to a task type or command is 32

char clean_char(char c) {
  const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return plain || c == '_' || c == '-' || c == '.' ? c : '_';
}

std::string clean(std::string_view text) {
  std::string value(text.substr(0, kMaxValueBytes));
  std::transform(value.begin(), value.end(), value.begin(), clean_char);
  return value;
}

}  // namespace

LabelValues::LabelValues(const std::vector<std::string>& known, std::size_t more) {
  for (const std::string& value : known) known_.insert(clean(value));
  max_values_ = known_.size() + more;
}

std::string LabelValues::admit(std::string_view text) {
  if (text.empty()) return std::string(kOther);
  std::string value = clean(text);

  const std::lock_guard lock(mutex_);
  if (known_.contains(value)) return value;
  if (known_.size() >= max_values_) return std::string(kOther);
  known_.insert(value);
  return value;
}

namespace {

struct Alias {
  std::string_view own;
  std::string_view ds;
};

// Under "task execution" 3.1 counts and times the handling of a dispatch message (`TaskDispatchProcessor`); here the
// count and the duration are those of the task, which is what the dashboards call them.
constexpr std::array kAliases = {
    Alias{"porpoise_tasks_received_total", "ds_task_execution_count_by_type_total"},
    Alias{"porpoise_tasks_finished_total", "ds_task_execution_count_total"},
    Alias{"porpoise_task_run_seconds", "ds_task_execution_duration_seconds"},
    Alias{"porpoise_overloads_total", "ds_worker_overload_count_total"},
    Alias{"porpoise_full_queue_rejections_total", "ds_worker_full_submit_queue_count_total"},
    Alias{"porpoise_resource_downloads_total", "ds_worker_resource_download_count_total"},
    Alias{"porpoise_resource_download_seconds", "ds_worker_resource_download_duration_seconds"},
    Alias{"porpoise_resource_download_bytes", "ds_worker_resource_download_size_bytes"},
};

void rename(prometheus::ClientMetric::Label& label, bool download) {
  if (label.name == "type") {
    label.name = "task_type";
    if (label.value == "other") label.value = "unknown";
  } else if (label.name == "outcome" && download) {
    label.name = "status";
    if (label.value == "failure") label.value = "fail";
  } else if (label.name == "outcome") {
    label.name = "result";
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> ds_families(const std::vector<prometheus::MetricFamily>& own) {
  std::vector<prometheus::MetricFamily> families;
  for (const prometheus::MetricFamily& family : own) {
    const auto alias = std::ranges::find(kAliases, family.name, &Alias::own);
    if (alias == kAliases.end()) continue;
    prometheus::MetricFamily& copy = families.emplace_back(family);
    copy.name = alias->ds;
    for (prometheus::ClientMetric& metric : copy.metric)
      for (prometheus::ClientMetric::Label& label : metric.label)
        rename(label, alias->own == "porpoise_resource_downloads_total");
  }
  return families;
}

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

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

double level(std::size_t count) { return static_cast<double>(count); }

std::vector<ClientMetric> running_by_type(const WorkerGauges& levels, LabelValues& types) {
  std::map<std::string, std::size_t> by_label;
  for (const auto& [type, count] : levels.running) by_label[types.admit(type)] += count;
  std::vector<ClientMetric> metrics;
  metrics.reserve(by_label.size());
  for (const auto& [label, count] : by_label) metrics.push_back(labelled("type", label, level(count)));
  return metrics;
}

std::vector<ClientMetric> slots_by_state(const WorkerGauges& levels) {
  const double open = level(levels.slots_total - std::min(levels.slots_used, levels.slots_total));
  return {labelled("state", "used", level(levels.slots_used)), labelled("state", "free", levels.draining ? 0 : open),
          labelled("state", "draining", levels.draining ? open : 0)};
}

std::vector<ClientMetric> hung_by_call(const WorkerGauges& levels) {
  std::vector<ClientMetric> metrics;
  for (const auto& [call, count] : levels.hung_calls) metrics.push_back(labelled("call", call, level(count)));
  return metrics;
}

// Both of each folder whose file system answers.
std::vector<MetricFamily> disk_families(const WorkerGauges& levels) {
  std::vector<ClientMetric> free;
  std::vector<ClientMetric> size;
  for (const auto& [folder, room] : levels.disks) {
    free.push_back(labelled("folder", folder, static_cast<double>(room.free_bytes)));
    size.push_back(labelled("folder", folder, static_cast<double>(room.size_bytes)));
  }
  return {gauge("porpoise_disk_free_bytes", "Room on the file system of a folder.", std::move(free)),
          gauge("porpoise_disk_size_bytes", "The size of that file system.", std::move(size))};
}

std::size_t running_in_all(const WorkerGauges& levels) {
  std::size_t sum = 0;
  for (const auto& [type, count] : levels.running) sum += count;
  return sum;
}

}  // namespace

std::vector<MetricFamily> level_families(const WorkerGauges& levels, LabelValues& types) {
  std::vector<MetricFamily> families = {
      gauge("porpoise_tasks_running", "Tasks that run.", running_by_type(levels, types)),
      gauge("ds_task_running", "Tasks that run.", level(running_in_all(levels))),
      gauge("porpoise_tasks_waiting", "Tasks that wait for their delay or for a slot.", level(levels.waiting)),
      gauge("porpoise_slots", "Places for tasks.", slots_by_state(levels)),
      gauge("porpoise_results_unacked", "Messages that no master has confirmed yet.", level(levels.results_unacked)),
      gauge("porpoise_outbox_bytes", "About what they take in memory.", level(levels.outbox_bytes)),
      gauge("porpoise_result_oldest_unacked_seconds", "How long the oldest of them waits.",
            levels.oldest_unacked.count()),
      gauge("porpoise_registry_connected", "1 while the worker is registered.", levels.registry_connected ? 1.0 : 0.0),
      gauge("porpoise_overloaded", "1 while the machine is beyond a limit, so that masters send fewer tasks, or none.",
            levels.overloaded ? 1.0 : 0.0),
      gauge("porpoise_connections", "Open connections.",
            std::vector{labelled("peer_kind", "incoming", level(levels.incoming_connections)),
                        labelled("peer_kind", "master", level(levels.master_connections)),
                        labelled("peer_kind", "alert_server", level(levels.alert_connections))}),
      gauge("porpoise_helpers_hung", "Threads given up on: their call has not come back.", hung_by_call(levels)),
  };
  for (MetricFamily& family : disk_families(levels)) families.push_back(std::move(family));
  return families;
}

}  // namespace porpoise
