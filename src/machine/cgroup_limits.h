// What the cgroups of this process let it use: the tightest CPU and memory limits on the way to the root. Version 2
// and 1.
//
// Free functions that read files; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace porpoise {

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

}  // namespace porpoise
