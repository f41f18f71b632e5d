// How loaded this machine is, or, where a cgroup limits this process (a container), how much of what it may use is
// used: a worker in a container of 2 CPUs on a busy host of 64 is not "overloaded", and one near its memory limit is.
//
// Reads /proc and /sys/fs/cgroup. Owned by whoever builds heartbeats; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace porpoise {

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
