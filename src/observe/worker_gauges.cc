#include "observe/worker_gauges.h"

#include <algorithm>

#include "observe/gauges.h"

namespace porpoise {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

double level(std::size_t count) { return static_cast<double>(count); }

std::vector<ClientMetric> running_by_type(const WorkerGauges& levels, LabelValues& types) {
  std::map<std::string, std::size_t> by_label;
  for (const auto& [type, count] : levels.running) by_label[types.admit(type)] += count;
  std::vector<ClientMetric> metrics;
  for (const auto& [label, count] : by_label) metrics.push_back(labelled("type", label, level(count)));
  return metrics;
}

std::vector<ClientMetric> slots_by_state(const WorkerGauges& levels) {
  const double open = level(levels.slots_total - std::min(levels.slots_used, levels.slots_total));
  return {labelled("state", "used", level(levels.slots_used)), labelled("state", "free", levels.draining ? 0 : open),
          labelled("state", "draining", levels.draining ? open : 0)};
}

std::vector<ClientMetric> hung_by_call(const WorkerGauges& levels) {
  std::vector<ClientMetric> metrics;
  for (const auto& [call, count] : levels.hung_calls) metrics.push_back(labelled("call", call, level(count)));
  return metrics;
}

std::size_t running_in_all(const WorkerGauges& levels) {
  std::size_t sum = 0;
  for (const auto& [type, count] : levels.running) sum += count;
  return sum;
}

}  // namespace

std::vector<MetricFamily> level_families(const WorkerGauges& levels, LabelValues& types) {
  return {
      gauge("porpoise_tasks_running", "Tasks that run.", running_by_type(levels, types)),
      gauge("ds_task_running", "Tasks that run.", level(running_in_all(levels))),
      gauge("porpoise_tasks_waiting", "Tasks that wait for their delay or for a slot.", level(levels.waiting)),
      gauge("porpoise_slots", "WorkerPaths for tasks.", slots_by_state(levels)),
      gauge("porpoise_results_unacked", "Messages that no master has confirmed yet.", level(levels.results_unacked)),
      gauge("porpoise_result_oldest_unacked_seconds", "How long the oldest of them waits.",
            levels.oldest_unacked.count()),
      gauge("porpoise_registry_connected", "1 while the worker is registered.", levels.registry_connected ? 1.0 : 0.0),
      gauge("porpoise_connections", "Open connections.",
            std::vector{labelled("peer_kind", "incoming", level(levels.incoming_connections)),
                        labelled("peer_kind", "master", level(levels.master_connections)),
                        labelled("peer_kind", "alert_server", level(levels.alert_connections))}),
      gauge("porpoise_helpers_hung", "Threads given up on: their call has not come back.", hung_by_call(levels)),
  };
}

}  // namespace porpoise
