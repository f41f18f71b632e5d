#include "worker/worker_heartbeat.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "base/clock.h"

namespace porpoise {
namespace {

constexpr std::chrono::seconds kHangs{5};

}  // namespace

std::string WorkerHeartbeat::text(std::int64_t startup_time_ms, const LoopLevels& levels) {
  name_what_hangs();
  const Load load = load_.sample(config_.data_dir);
  Heartbeat beat;
  beat.startup_time_ms = startup_time_ms;
  beat.report_time_ms = wall_ms();
  beat.cpu_usage = load.cpu_usage;
  beat.memory_usage = load.memory_usage;
  beat.load_average = load.load_average;
  beat.available_memory_gib = load.available_memory_gib;
  beat.max_cpu_load_avg = max_load_average(config_.max_cpu_load_avg, load.cpus);
  beat.reserved_memory_gib = config_.reserved_memory;
  beat.disk_available_gib = load.disk_available_gib;
  beat.process_id = ::getpid();
  beat.host_weight = config_.host_weight;
  beat.waiting_tasks = levels.waiting_tasks;
  beat.exec_threads = config_.exec_threads;
  beat.unwilling = levels.unwilling;
  if (server_status(beat) == ServerStatus::kAbnormal) metrics_.tasks.overloaded();
  note_overload(beat);
  return to_json_text(beat);
}

std::string WorkerHeartbeat::overload() const {
  const std::lock_guard lock(mutex_);
  return overload_;
}

void WorkerHeartbeat::note_overload(const Heartbeat& beat) {
  std::string now;
  for (const std::string& limit : overloads(beat)) now += (now.empty() ? "" : "; ") + limit;
  const std::lock_guard lock(mutex_);
  if (overload_.empty() && !now.empty()) log_.warn("overloaded: masters send fewer tasks here, or none: " + now);
  if (!overload_.empty() && now.empty()) log_.warn("no longer overloaded");
  overload_ = std::move(now);
}

void WorkerHeartbeat::name_what_hangs() {
  const auto current = monitor_.current();
  if (!current || current->since < kHangs) return;
  log_.error(
      "a handler holds the loop and has not come back: nobody is answered",
      {{"handler", current->handler}, {"s", std::chrono::duration_cast<std::chrono::seconds>(current->since).count()}});
}

}  // namespace porpoise
