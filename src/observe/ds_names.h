// The same numbers under the names of the Java worker (3.1 `WorkerServerMetrics`, `TaskMetrics`, as Micrometer writes
// them for Prometheus), so that dashboards made for it go on. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace porpoise {

// Copies of those families of `own` that have such a name, with the labels that go with it.
std::vector<prometheus::MetricFamily> ds_families(const std::vector<prometheus::MetricFamily>& own);

}  // namespace porpoise
