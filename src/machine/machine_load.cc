#include "machine/machine_load.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "base/file.h"
#include "machine/cgroup_limits.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProcBytes = 4U << 20U;            // /proc/stat grows with CPUs and interrupts
constexpr std::chrono::milliseconds kMinimumInterval{950};  // 3.1 `OSUtils.cpuUsage`: closer samples say nothing
constexpr double kGib = 1024.0 * 1024 * 1024;

std::string read_proc(const fs::path& path) { return read_file(path, kMaxProcBytes).value_or(""); }

double count_cpus(const std::string& stat) {
  double count = 0;
  std::istringstream lines(stat);
  for (std::string line; std::getline(lines, line);)
    if (line.size() > 3 && line.starts_with("cpu") && line[3] >= '0' && line[3] <= '9') ++count;
  return std::max(count, 1.0);
}

struct Memory {
  double total_bytes = 0;
  double available_bytes = 0;
};

Memory machine_memory(const fs::path& root) {
  Memory memory;
  std::istringstream lines(read_proc(root / "proc/meminfo"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    double kib = 0;
    words >> key >> kib;
    if (key == "MemTotal:") memory.total_bytes = kib * 1024;
    if (key == "MemAvailable:") memory.available_bytes = kib * 1024;
  }
  return memory;
}

Memory usable_memory(const fs::path& root) {
  Memory memory = machine_memory(root);
  const auto limit = memory_limit(root);
  if (!limit || (memory.total_bytes > 0 && static_cast<double>(limit->limit_bytes) >= memory.total_bytes))
    return memory;
  const auto left = static_cast<double>(limit->limit_bytes - limit->used_bytes);
  return {static_cast<double>(limit->limit_bytes),
          memory.total_bytes > 0 ? std::min(left, memory.available_bytes) : left};
}

double machine_load_average(const fs::path& root) {
  double load = -1;
  std::istringstream(read_proc(root / "proc/loadavg")) >> load;
  return load;
}

double disk_available(const fs::path& folder) {
  std::error_code problem;
  const fs::space_info space = fs::space(folder, problem);
  return problem ? 0 : static_cast<double>(space.available) / kGib;
}

}  // namespace

Load MachineLoad::sample(const fs::path& disk, Clock::time_point now) {
  const double machine_cpus = count_cpus(read_proc(root_ / "proc/stat"));
  const auto limit = cpu_limit(root_);
  const bool limited = limit && limit->cpus < machine_cpus;
  Load load;
  load.cpus = limited ? limit->cpus : machine_cpus;
  load.cpu_usage = cpu_usage(now, load.cpus, limited ? limit->folder : fs::path());
  load.load_average = machine_load_average(root_);
  if (load.load_average > 0) load.load_average *= load.cpus / machine_cpus;
  const Memory memory = usable_memory(root_);
  if (memory.total_bytes > 0)
    load.memory_usage = std::clamp((memory.total_bytes - memory.available_bytes) / memory.total_bytes, 0.0, 1.0);
  load.available_memory_gib = memory.available_bytes / kGib;
  load.disk_available_gib = disk_available(disk);
  return load;
}

double MachineLoad::cpu_usage(Clock::time_point now, double cpus, const fs::path& limited_by) {
  if (last_ && now - last_time_ < kMinimumInterval) return last_usage_;
  const auto current = cpu_time(now, cpus, limited_by);
  if (current && last_ && current->total > last_->total)
    last_usage_ = std::clamp((current->busy - last_->busy) / (current->total - last_->total), 0.0, 1.0);
  last_ = current;
  last_time_ = now;
  return last_usage_;
}

std::optional<MachineLoad::CpuTime> MachineLoad::cpu_time(Clock::time_point now, double cpus,
                                                          const fs::path& limited_by) const {
  if (!limited_by.empty()) {
    const auto used = cpu_seconds_used(limited_by);
    if (!used) return std::nullopt;
    return CpuTime{*used, std::chrono::duration<double>(now.time_since_epoch()).count() * cpus};
  }
  std::istringstream line(read_proc(root_ / "proc/stat"));
  std::string name;
  line >> name;
  CpuTime time;
  // user nice system idle iowait irq softirq steal; guest time is part of user.
  double ticks = 0;
  for (int column = 0; column < 8 && line >> ticks; ++column) {
    time.total += ticks;
    if (column != 3 && column != 4) time.busy += ticks;
  }
  if (time.total <= 0) return std::nullopt;
  return time;
}

}  // namespace porpoise
