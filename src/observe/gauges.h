// Gauges made at the moment of a scrape, as the registry's text serializer takes them. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace porpoise {

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

}  // namespace porpoise
