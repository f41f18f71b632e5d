// What metrics are made of: gauges of the worker and of its process, the names that the Java worker gives them, label
// values kept few, and the largest value of a while. Owned by Metrics; thread: see each.
#pragma once

#include <prometheus/metric_family.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/disk_space.h"

namespace porpoise {

// Gauges made at the moment of a scrape, as the registry's text serializer takes them. Pure.
inline prometheus::ClientMetric labelled(const char* label, std::string value, double level) {
  prometheus::ClientMetric metric;
  metric.label.push_back({label, std::move(value)});
  metric.gauge.value = level;
  return metric;
}

inline prometheus::MetricFamily gauge(const char* name, const char* help,
                                      std::vector<prometheus::ClientMetric> metrics) {
  return {name, help, prometheus::MetricType::Gauge, std::move(metrics)};
}

inline prometheus::MetricFamily gauge(const char* name, const char* help, double level) {
  prometheus::ClientMetric metric;
  metric.gauge.value = level;
  return gauge(name, help, std::vector{std::move(metric)});
}

// The largest value of the last one to two minutes: what Micrometer calls the max of a timer. Confined to one thread or
// guarded by its owner. Pure.
class RecentMax {
 public:
  using Clock = std::chrono::steady_clock;

  void add(double value, Clock::time_point now) {
    turn(now);
    current_ = std::max(current_, value);
  }

  // 0 when there was none.
  double value(Clock::time_point now) {
    turn(now);
    return std::max(current_, previous_);
  }

 private:
  static constexpr std::chrono::minutes kWindow{1};  // every scraper that asks each minute sees every maximum

  void turn(Clock::time_point now) {
    if (now - begin_ < kWindow) return;
    previous_ = now - begin_ < 2 * kWindow ? current_ : 0;
    current_ = 0;
    begin_ = now;
  }

  Clock::time_point begin_{};
  double current_ = 0;
  double previous_ = 0;
};

// The values one label may take when they come from outside: cleaned, and only so many, since each is a time series
// that a server has to keep.
//
// Owned by Metrics; any thread.
class LabelValues {
 public:
  // `known` from the start, and the first `more` others.
  LabelValues(const std::vector<std::string>& known, std::size_t more);

  // `text` with everything but letters, digits and "_-." as "_", cut at 48 bytes. kOther for an empty text, and for
  // each that is not known when there have been so many others.
  std::string admit(std::string_view text);

  static constexpr std::string_view kOther = "other";

 private:
  std::size_t max_values_ = 0;
  std::mutex mutex_;
  std::set<std::string, std::less<>> known_;
};

// The same numbers under the names of the Java worker (3.1 `WorkerServerMetrics`, `TaskMetrics`, as Micrometer writes
// them for Prometheus), so that dashboards made for it keep working. Pure.
// Copies of those families of `own` that have such a name, with the labels that go with it.
std::vector<prometheus::MetricFamily> ds_families(const std::vector<prometheus::MetricFamily>& own);

// The standard process_* metrics of Prometheus clients, read from /proc when asked for.
//
// Owned by Metrics; any thread. What cannot be read is left out.
class ProcessMetrics {
 public:
  ProcessMetrics();

  std::vector<prometheus::MetricFamily> collect() const;

 private:
  // Worked out once: from two clocks each time, it would jitter and look like restarts.
  std::optional<double> start_time_seconds_;
};

// How things stand with the worker at the moment of a scrape. A value; the function is pure.
struct WorkerGauges {
  std::map<std::string, std::size_t> running;  // by task type
  std::size_t waiting = 0;                     // for their delay or a slot
  std::size_t slots_total = 0;
  std::size_t slots_used = 0;
  bool draining = false;  // free slots will not be used any more
  std::size_t results_unacked = 0;
  std::size_t outbox_bytes = 0;
  std::chrono::duration<double> oldest_unacked{0};
  bool registry_connected = false;
  bool overloaded = false;                            // a limit was passed at the last heartbeat
  std::map<std::string, DiskSpace::Room> disks = {};  // by whose folder is there: "data", "log"
  std::size_t incoming_connections = 0;
  std::size_t master_connections = 0;  // made by this worker, to report
  std::size_t alert_connections = 0;
  std::map<std::string, std::size_t> hung_calls = {};  // by what they were for; see BlockingCalls
};

// porpoise_* gauges, and ds_task_running.
std::vector<prometheus::MetricFamily> level_families(const WorkerGauges& levels, LabelValues& types);

}  // namespace porpoise
