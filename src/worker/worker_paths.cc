#include "worker/worker_paths.h"

#include <chrono>
#include <cstdio>
#include <string>

#include "model/date_time.h"

namespace porpoise {

std::filesystem::path WorkerPaths::log_path(const wire::TaskContext& context, const TimeZone& zone,
                                            std::int64_t now_ms) const {
  const auto date = civil_time(context.first_submit_time_ms > 0 ? context.first_submit_time_ms : now_ms, zone).date();
  char day[16];
  std::snprintf(day, sizeof day, "%04d%02u%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return log_dir / day /
         (std::to_string(context.process_define_code) + "_" + std::to_string(context.process_define_version) + "-" +
          std::to_string(context.process_instance_id) + "-" + std::to_string(context.task_instance_id) + ".log");
}

std::filesystem::path WorkerPaths::execute_path(const wire::TaskContext& context) const {
  return data_dir / "exec/process" / (context.tenant_code.empty() ? "default" : context.tenant_code) /
         std::to_string(context.project_code) /
         (std::to_string(context.process_define_code) + "_" + std::to_string(context.process_define_version)) /
         std::to_string(context.process_instance_id) / std::to_string(context.task_instance_id);
}

AcceptedTask WorkerPaths::accepted(const wire::DispatchTask& dispatch, const TimeZone& zone,
                                   std::int64_t now_ms) const {
  AcceptedTask task;
  task.dispatch = dispatch;
  task.log_path = log_path(dispatch.context, zone, now_ms);
  task.execute_path = execute_path(dispatch.context);
  task.app_ids = dispatch.context.app_ids;
  return task;
}

}  // namespace porpoise
