// The standard process_* metrics of Prometheus clients, read from /proc when asked for.
//
// Owned by Metrics; any thread. What cannot be read is left out.
#pragma once

#include <prometheus/metric_family.h>

#include <optional>
#include <vector>

namespace porpoise {

class ProcessMetrics {
 public:
  ProcessMetrics();

  std::vector<prometheus::MetricFamily> collect() const;

 private:
  // Worked out once: from two clocks each time, it would jitter and look like restarts.
  std::optional<double> start_time_seconds_;
};

}  // namespace porpoise
