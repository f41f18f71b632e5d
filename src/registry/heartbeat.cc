#include "registry/heartbeat.h"

#include <cmath>

#include "base/json.h"

namespace porpoise {
namespace {

// Above this a double has no decimals to round, and "times 100" could overflow.
constexpr double kMaxRounded = 1e13;

double rounded(double value, double unknown) {
  if (!std::isfinite(value)) return unknown;
  if (std::abs(value) > kMaxRounded) return value;
  return std::round(value * 100) / 100 + 0.0;  // + 0.0 turns -0.0 into 0.0
}

}  // namespace

ServerStatus server_status(const Heartbeat& heartbeat) {
  if (heartbeat.unwilling || heartbeat.load_average > heartbeat.max_cpu_load_avg ||
      heartbeat.available_memory_gib < heartbeat.reserved_memory_gib)
    return ServerStatus::kAbnormal;
  return heartbeat.waiting_tasks > heartbeat.exec_threads ? ServerStatus::kBusy : ServerStatus::kNormal;
}

double max_load_average(double configured, double cpus) { return configured > 0 ? configured : 2 * cpus; }

std::string to_json_text(const Heartbeat& heartbeat) {
  return dump_json(OrderedJson{
      {"startupTime", heartbeat.startup_time_ms},
      {"reportTime", heartbeat.report_time_ms},
      {"cpuUsage", rounded(heartbeat.cpu_usage, -1)},
      {"memoryUsage", rounded(heartbeat.memory_usage, 0)},
      {"loadAverage", rounded(heartbeat.load_average, -1)},
      {"availablePhysicalMemorySize", rounded(heartbeat.available_memory_gib, 0)},
      {"maxCpuloadAvg", rounded(heartbeat.max_cpu_load_avg, 0)},
      {"reservedMemory", rounded(heartbeat.reserved_memory_gib, 0)},
      {"diskAvailable", rounded(heartbeat.disk_available_gib, 0)},
      {"serverStatus", static_cast<int>(server_status(heartbeat))},
      {"processId", heartbeat.process_id},
      {"workerHostWeight", heartbeat.host_weight},
      {"workerWaitingTaskCount", heartbeat.waiting_tasks},
      {"workerExecThreadCount", heartbeat.exec_threads},
  });
}

}  // namespace porpoise
