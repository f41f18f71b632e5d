// How loaded the machine is, and what of it a cgroup leaves to this process.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace porpoise {

// What the cgroups of this process let it use: the tightest CPU and memory limits on the way to the root. Version 2
// and 1.
//
// Free functions that read files; any thread.
struct CpuLimit {
  double cpus = 0;
  std::filesystem::path folder;  // the cgroup that has the limit
};

struct MemoryLimit {
  std::int64_t limit_bytes = 0;
  std::int64_t used_bytes = 0;  // without page cache that can be dropped, as Kubernetes counts a working set
};

// `root` holds proc and sys/fs/cgroup. Nothing: there is no limit.
std::optional<CpuLimit> cpu_limit(const std::filesystem::path& root);
std::optional<MemoryLimit> memory_limit(const std::filesystem::path& root);  // the one with the least left

// CPU time that the processes in a cgroup have used.
std::optional<double> cpu_seconds_used(const std::filesystem::path& cgroup_folder);

// How loaded this machine is, or, where a cgroup limits this process (a container), how much of what it may use is
// used: a worker in a container of 2 CPUs on a busy host of 64 is not "overloaded", and one near its memory limit is.
//
// Reads /proc and /sys/fs/cgroup. Owned by what builds heartbeats; one thread.
struct Load {
  double cpu_usage = -1;    // 0..1 of `cpus`, between the last two samples; -1: unknown yet
  double memory_usage = 0;  // 0..1
  double available_memory_gib = 0;
  double load_average = -1;  // one minute; below a CPU limit, this process's share of it; -1: unknown
  double disk_available_gib = 0;
  double cpus = 1;  // a CPU limit may be a fraction
};

class MachineLoad {
 public:
  using Clock = std::chrono::steady_clock;

  // `root` is where proc and sys/fs/cgroup are looked for.
  explicit MachineLoad(std::filesystem::path root = "/") : root_(std::move(root)) {}

  // `disk` is a folder on the file system in question.
  Load sample(const std::filesystem::path& disk, Clock::time_point now = Clock::now());

 private:
  struct CpuTime {
    double busy = 0;
    double total = 0;
  };
  std::optional<CpuTime> cpu_time(Clock::time_point now, double cpus, const std::filesystem::path& limited_by) const;
  double cpu_usage(Clock::time_point now, double cpus, const std::filesystem::path& limited_by);

  std::filesystem::path root_;
  std::optional<CpuTime> last_;
  Clock::time_point last_time_{};
  double last_usage_ = -1;
};

}  // namespace porpoise
