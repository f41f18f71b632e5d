#include "worker/task_alerts.h"

namespace porpoise {

void TaskAlerts::ended(std::int64_t task_instance_id, const TaskResult& result) {
  if (!result.alert) return;
  const wire::Alert alert{.group_id = result.alert->group_id,
                          .title = result.alert->title,
                          .content = result.alert->content,
                          .warn_type = result.state == TaskState::kSuccess ? 1 : 2};
  sender_.send(alert, [this, task_instance_id] {
    if (const Status kept = store_.keep_alerted(task_instance_id); !kept) log_.error(kept.error().to_string());
  });
}

}  // namespace porpoise
