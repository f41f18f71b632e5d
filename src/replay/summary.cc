#include "replay/summary.h"

namespace porpoise {

OrderedJson to_summary(const RunReport& report) {
  OrderedJson tasks = OrderedJson::object();
  for (const TaskReport& task : report.tasks) {
    if (task.instance_id == 0 || task.nested) continue;
    tasks[task.name] = {{"state", to_string(task.state)}, {"varPool", to_json(task.var_pool)}};
  }
  OrderedJson summary;
  summary["workflow"] = report.workflow;
  summary["state"] = to_string(report.state);
  summary["tasks"] = std::move(tasks);
  return summary;
}

}  // namespace porpoise
