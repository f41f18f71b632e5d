#include "engine/task_paths.h"

#include <cstdio>

#include "model/date_time.h"
#include "model/safe_path.h"

namespace porpoise {

std::string TaskPaths::log_path(const wire::TaskContext& context, const TimeZone& zone, std::int64_t now_ms) const {
  const auto date = civil_time(context.first_submit_time_ms > 0 ? context.first_submit_time_ms : now_ms, zone).date();
  char day[16];
  std::snprintf(day, sizeof day, "%04d%02u%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return log_dir + "/" + day + "/" + std::to_string(context.process_define_code) + "_" +
         std::to_string(context.process_define_version) + "-" + std::to_string(context.process_instance_id) + "-" +
         std::to_string(context.task_instance_id) + ".log";
}

Result<std::string> TaskPaths::execute_path(const wire::TaskContext& context) const {
  const TaskFolder folder{context.tenant_code,         context.project_code,
                          context.process_define_code, context.process_define_version,
                          context.process_instance_id, context.task_instance_id};
  PORPOISE_TRY(const std::string path, folder.path());
  return execute_root + "/" + path;
}

AcceptedTask TaskPaths::accepted(const wire::DispatchTask& dispatch, const TimeZone& zone, std::int64_t now_ms) const {
  AcceptedTask task;
  task.dispatch = dispatch;
  task.log_path = log_path(dispatch.context, zone, now_ms);
  task.app_ids = dispatch.context.app_ids;
  auto path = execute_path(dispatch.context);
  if (path) task.execute_path = std::move(*path);
  if (!path || dispatch.defect)
    task.defect = "its dispatch makes no sense: " + (dispatch.defect ? *dispatch.defect : path.error()).to_string();
  return task;
}

}  // namespace porpoise
