// What a worker says of itself in its node: the JSON that masters choose by and the monitor page shows. A value; pure.
#pragma once

#include <cstdint>
#include <string>

namespace porpoise {

// Fractions are 0..1 and sizes GiB. NaN and infinity stand for "unknown" and never reach the text.
struct Heartbeat {
  std::int64_t startup_time_ms = 0;
  std::int64_t report_time_ms = 0;
  double cpu_usage = -1;
  double memory_usage = 0;
  double load_average = -1;
  double available_memory_gib = 0;
  double max_cpu_load_avg = 0;  // resolved: see max_load_average
  double reserved_memory_gib = 0;
  double disk_available_gib = 0;
  std::int64_t process_id = 0;
  int host_weight = 100;
  int waiting_tasks = 0;
  int exec_threads = 0;
  bool unwilling = false;  // draining, or something is wrong: reported like an overload, so that no task is sent here
};

enum class ServerStatus { kNormal = 0, kAbnormal = 1, kBusy = 2 };

// 3.1 `OSUtils.checkResource` and `WorkerHeartBeatTask`: overload comes before a long queue.
ServerStatus server_status(const Heartbeat& heartbeat);

// 3.1: a limit of zero or less means twice the CPUs.
double max_load_average(double configured, double cpus);

// The members of 3.1's `WorkerHeartBeat` in its order, doubles with at most two decimals.
std::string to_json_text(const Heartbeat& heartbeat);

}  // namespace porpoise
