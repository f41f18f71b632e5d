// How things stand with the worker at the moment of a scrape. A value; the function is pure.
#pragma once

#include <prometheus/metric_family.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "observe/label_values.h"

namespace porpoise {

struct WorkerGauges {
  std::map<std::string, std::size_t> running;  // by task type
  std::size_t waiting = 0;                     // for their delay or a slot
  std::size_t slots_total = 0;
  std::size_t slots_used = 0;
  bool draining = false;  // free slots will not be used any more
  std::size_t results_unacked = 0;
  std::chrono::duration<double> oldest_unacked{0};
  bool registry_connected = false;
  std::size_t incoming_connections = 0;
  std::size_t master_connections = 0;  // made by this worker, to report
  std::size_t alert_connections = 0;
  std::map<std::string, std::size_t> hung_calls;  // by what they were for; see BlockingCalls
};

// porpoise_* gauges, and ds_task_running.
std::vector<prometheus::MetricFamily> level_families(const WorkerGauges& levels, LabelValues& types);

}  // namespace porpoise
