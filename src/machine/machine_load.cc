#include "machine/machine_load.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 64U << 10U;        // memory.stat has about 2 KiB
constexpr std::size_t kMaxDepth = 64;                // of nested cgroups
constexpr std::int64_t kNoLimit = INT64_C(1) << 60;  // version 1 says "none" with the largest multiple of a page

std::string read_text(const fs::path& path) { return read_file(path, kMaxBytes).value_or(""); }

std::optional<std::int64_t> to_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> read_number(const fs::path& path) { return to_number(read_text(path)); }

// The value of "key N" in a file of such lines.
std::optional<std::int64_t> read_stat(const fs::path& path, std::string_view wanted) {
  std::istringstream lines(read_text(path));
  for (std::string key, value; lines >> key >> value;)
    if (key == wanted) return to_number(value);
  return std::nullopt;
}

// The path of this process in the hierarchy of `controller`; an empty name means version 2. "/" when it is not there.
fs::path own_path(const fs::path& root, std::string_view controller) {
  std::istringstream lines(read_text(root / "proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",,"
            ? controller.empty()
            : !controller.empty() && controllers.find("," + std::string(controller) + ",") != std::string::npos)
      return line.substr(second + 1);
  }
  return "/";
}

// The cgroup of this process and those above it, up to the mount point. In a container of version 1 the path is that of
// the host while the mount point shows the container's own cgroup: what does not exist here is left out.
std::vector<fs::path> own_folders(const fs::path& mount, const fs::path& own) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  fs::path below = own.relative_path().lexically_normal();
  if (below.begin() != below.end() && *below.begin() == "..") below.clear();  // it left the cgroup namespace
  for (std::size_t depth = 0; depth < kMaxDepth && !below.empty() && below != "."; ++depth, below = below.parent_path())
    if (fs::is_directory(mount / below, ignored)) folders.push_back(mount / below);
  folders.push_back(mount);
  return folders;
}

struct Hierarchy {
  bool unified = true;
  std::vector<fs::path> folders;
};

Hierarchy hierarchy(const fs::path& root, std::string_view controller) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::error_code ignored;
  if (fs::exists(mount / "cgroup.controllers", ignored)) return {true, own_folders(mount, own_path(root, ""))};
  return {false, own_folders(mount / controller, own_path(root, controller))};
}

std::optional<double> cpus_of(const fs::path& folder, bool unified) {
  std::string quota;
  std::string period;
  if (unified) {
    std::istringstream(read_text(folder / "cpu.max")) >> quota >> period;
  } else {
    quota = read_text(folder / "cpu.cfs_quota_us");
    period = read_text(folder / "cpu.cfs_period_us");
  }
  const auto allowed = to_number(quota);
  const auto out_of = to_number(period);
  if (!allowed || !out_of || *allowed <= 0 || *out_of <= 0) return std::nullopt;  // "max", or -1
  return static_cast<double>(*allowed) / static_cast<double>(*out_of);
}

std::optional<MemoryLimit> memory_of(const fs::path& folder, bool unified) {
  const auto limit = read_number(folder / (unified ? "memory.max" : "memory.limit_in_bytes"));
  const auto current = read_number(folder / (unified ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !current || *limit <= 0 || *limit >= kNoLimit) return std::nullopt;
  const auto cache = read_stat(folder / "memory.stat", unified ? "inactive_file" : "total_inactive_file");
  return MemoryLimit{*limit, std::clamp(*current - cache.value_or(0), std::int64_t{0}, *limit)};
}

}  // namespace

std::optional<CpuLimit> cpu_limit(const fs::path& root) {
  const Hierarchy own = hierarchy(root, "cpu");
  std::optional<CpuLimit> tightest;
  for (const fs::path& folder : own.folders) {
    const auto cpus = cpus_of(folder, own.unified);
    if (cpus && (!tightest || *cpus < tightest->cpus)) tightest = CpuLimit{*cpus, folder};
  }
  return tightest;
}

std::optional<MemoryLimit> memory_limit(const fs::path& root) {
  const Hierarchy own = hierarchy(root, "memory");
  std::optional<MemoryLimit> tightest;
  for (const fs::path& folder : own.folders) {
    const auto memory = memory_of(folder, own.unified);
    if (!memory) continue;
    if (!tightest || memory->limit_bytes - memory->used_bytes < tightest->limit_bytes - tightest->used_bytes)
      tightest = memory;
  }
  return tightest;
}

std::optional<double> cpu_seconds_used(const fs::path& cgroup_folder) {
  if (const auto micros = read_stat(cgroup_folder / "cpu.stat", "usage_usec"))
    return static_cast<double>(*micros) / 1e6;
  // Version 1: cpu and cpuacct are nearly always one mount; if not, they are neighbours.
  if (const auto nanos = read_number(cgroup_folder / "cpuacct.usage")) return static_cast<double>(*nanos) / 1e9;
  return std::nullopt;
}

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
