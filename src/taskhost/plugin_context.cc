#include "taskhost/plugin_context.h"

namespace porpoise {

Json plugin_context(const TaskRequest& request) {
  Json resources = Json::array();
  for (const ResourceFile& file : request.resources.files) resources.push_back(file.name);
  return {{"schema", "porpoise.context/1"},
          {"taskInstanceId", request.task_instance_id},
          {"taskName", request.task_name},
          {"taskType", request.task_type},
          {"attempt", request.attempt},
          {"processInstanceId", request.process_instance_id},
          {"processDefineCode", request.process_define_code},
          {"processDefineVersion", request.process_define_version},
          {"projectCode", request.project_code},
          {"tenantCode", request.tenant_code},
          {"runAs", request.run_as},
          {"prepareParamsMap", to_json(request.prepare_params)},
          {"globalParams", Json(to_json(request.global_params))},
          {"varPool", Json(to_json(request.var_pool))},
          {"scheduleTime", request.schedule_time},
          {"timeZone", request.time_zone},
          {"dryRun", request.dry_run},
          {"resources", std::move(resources)},
          {"executePath", request.execute_path},
          {"logPath", request.log_path},
          {"timeoutMillis", request.timeout.count()},
          {"killGraceMillis", request.kill_grace.count()}};
}

}  // namespace porpoise
