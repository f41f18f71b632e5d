#include "observe/ds_names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace porpoise {
namespace {

struct Alias {
  std::string_view own;
  std::string_view ds;
};

// Under "task execution" 3.1 counts and times the handling of a dispatch message (`TaskDispatchProcessor`); here the
// count and the duration are those of the task, which is what the dashboards call them.
constexpr std::array kAliases = {
    Alias{"porpoise_tasks_received_total", "ds_task_execution_count_by_type_total"},
    Alias{"porpoise_tasks_finished_total", "ds_task_execution_count_total"},
    Alias{"porpoise_task_run_seconds", "ds_task_execution_duration_seconds"},
    Alias{"porpoise_overloads_total", "ds_worker_overload_count_total"},
    Alias{"porpoise_full_queue_rejections_total", "ds_worker_full_submit_queue_count_total"},
    Alias{"porpoise_resource_downloads_total", "ds_worker_resource_download_count_total"},
    Alias{"porpoise_resource_download_seconds", "ds_worker_resource_download_duration_seconds"},
    Alias{"porpoise_resource_download_bytes", "ds_worker_resource_download_size_bytes"},
};

void rename(prometheus::ClientMetric::Label& label, bool download) {
  if (label.name == "type") {
    label.name = "task_type";
    if (label.value == "other") label.value = "unknown";
  } else if (label.name == "outcome" && download) {
    label.name = "status";
    if (label.value == "failure") label.value = "fail";
  } else if (label.name == "outcome") {
    label.name = "result";
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> ds_families(const std::vector<prometheus::MetricFamily>& own) {
  std::vector<prometheus::MetricFamily> families;
  for (const prometheus::MetricFamily& family : own) {
    const auto alias = std::ranges::find(kAliases, family.name, &Alias::own);
    if (alias == kAliases.end()) continue;
    prometheus::MetricFamily& copy = families.emplace_back(family);
    copy.name = alias->ds;
    for (prometheus::ClientMetric& metric : copy.metric)
      for (prometheus::ClientMetric::Label& label : metric.label)
        rename(label, alias->own == "porpoise_resource_downloads_total");
  }
  return families;
}

}  // namespace porpoise
