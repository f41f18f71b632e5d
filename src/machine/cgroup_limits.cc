#include "machine/cgroup_limits.h"

#include <algorithm>
#include <charconv>
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

}  // namespace porpoise
