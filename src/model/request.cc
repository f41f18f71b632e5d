#include "model/request.h"

#include <algorithm>

namespace porpoise {
namespace {

Status expect_version(const Json& json, const char* what) {
  if (!json.is_object()) return fail(ErrorCode::kInvalid, std::string(what) + " is not a JSON object");
  if (integer_or(json, "v", 0) == 1) return {};
  return fail(ErrorCode::kInvalid, std::string(what) + " has an unknown version");
}

Result<TaskState> task_state_from(const std::string& name) {
  for (const TaskState state : {TaskState::kSuccess, TaskState::kFailure, TaskState::kKill})
    if (name == to_string(state)) return state;
  return fail(ErrorCode::kInvalid, "unknown task state \"" + name + "\"");
}

Json names_of(const ResourceOrder& order) {
  Json names = Json::array();
  for (const ResourceFile& file : order.files) names.push_back(file.name);
  return names;
}

std::vector<ResourceFile> files_named(const Json& names) {
  std::vector<ResourceFile> files;
  if (!names.is_array()) return files;
  for (const Json& name : names)
    if (name.is_string()) files.push_back({name.get<std::string>(), ""});
  return files;
}

std::vector<std::string> texts_in(const Json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return texts;
  for (const Json& text : list)
    if (text.is_string()) texts.push_back(text.get<std::string>());
  return texts;
}

Json to_json(const FetchedResource& one) { return {{"bytes", one.bytes}, {"millis", one.took.count()}}; }

std::vector<FetchedResource> fetched_from_json(const Json& list) {
  std::vector<FetchedResource> fetched;
  if (!list.is_array()) return fetched;
  for (const Json& one : list)
    fetched.push_back({static_cast<std::uint64_t>(integer_or(one, "bytes", 0)),
                       std::chrono::milliseconds(integer_or(one, "millis", 0))});
  return fetched;
}

}  // namespace

std::string TaskRequest::task_app_id() const {
  return std::to_string(process_instance_id) + "_" + std::to_string(task_instance_id);
}

std::string_view to_string(TaskState state) {
  switch (state) {
    case TaskState::kSuccess: return "SUCCESS";
    case TaskState::kFailure: return "FAILURE";
    case TaskState::kKill: return "KILL";
  }
  return "FAILURE";
}

int status_code(TaskState state) {
  switch (state) {
    case TaskState::kSuccess: return 7;
    case TaskState::kFailure: return 6;
    case TaskState::kKill: return 9;
  }
  return 6;
}

TaskState task_state(int code) {
  for (const TaskState state : {TaskState::kSuccess, TaskState::kKill})
    if (code == status_code(state)) return state;
  return TaskState::kFailure;
}

Result<bool> keeps_leftovers(const PropertyList& local_params, bool by_default) {
  for (const Property& property : local_params) {
    if (property.prop != "porpoise.leftovers") continue;
    if (property.value == "keep" || property.value == "end") return property.value == "keep";
    return fail(ErrorCode::kInvalid,
                "the local parameter porpoise.leftovers must be end or keep, not '" + property.value + "'");
  }
  return by_default;
}

Json to_json(const TaskRequest& request) {
  return {{"v", 1},
          {"taskInstanceId", request.task_instance_id},
          {"taskName", request.task_name},
          {"taskType", request.task_type},
          {"processInstanceId", request.process_instance_id},
          {"processDefineCode", request.process_define_code},
          {"processDefineVersion", request.process_define_version},
          {"projectCode", request.project_code},
          {"tenantCode", request.tenant_code},
          {"runAs", request.run_as},
          {"noNewPrivs", request.no_new_privs},
          {"hidden", request.hidden_paths},
          {"attempt", request.attempt},
          {"plugin", request.plugin},
          {"taskParams", request.task_params},
          {"pluginConfig", request.plugin_config},
          {"prepareParamsMap", to_json(request.prepare_params)},
          {"globalParams", Json(to_json(request.global_params))},
          {"varPool", Json(to_json(request.var_pool))},
          {"appIds", request.app_ids},
          {"scheduleTime", request.schedule_time},
          {"dryRun", request.dry_run},
          {"resources", names_of(request.resources)},
          {"executePath", request.execute_path},
          {"logPath", request.log_path},
          {"logMaxBytes", request.log_max_bytes},
          {"timeZone", request.time_zone},
          {"environmentConfig", request.environment_config},
          {"envFile", request.env_file},
          {"keepExecutePath", request.keep_execute_path},
          {"keepLeftovers", request.keep_leftovers},
          {"timeoutMillis", request.timeout.count()},
          {"killGraceMillis", request.kill_grace.count()},
          {"pluginMemoryBytes", request.plugin_memory_bytes}};
}

Result<TaskRequest> task_request_from_json(const Json& json) {
  PORPOISE_TRY_VOID(expect_version(json, "task request"));
  TaskRequest request;
  request.task_instance_id = integer_or(json, "taskInstanceId", 0);
  request.task_name = string_or(json, "taskName", "");
  request.task_type = string_or(json, "taskType", "");
  request.process_instance_id = integer_or(json, "processInstanceId", 0);
  request.process_define_code = integer_or(json, "processDefineCode", 0);
  request.process_define_version = integer_or(json, "processDefineVersion", 1);
  request.project_code = integer_or(json, "projectCode", 0);
  request.tenant_code = string_or(json, "tenantCode", "");
  request.run_as = string_or(json, "runAs", "");
  request.no_new_privs = bool_or(json, "noNewPrivs", false);
  request.hidden_paths = texts_in(json.value("hidden", Json()));
  request.attempt = static_cast<int>(integer_or(json, "attempt", 1));
  request.plugin = string_or(json, "plugin", "");
  request.task_params = string_or(json, "taskParams", "{}");
  request.plugin_config = json.value("pluginConfig", Json::object());
  PORPOISE_TRY(request.prepare_params, property_map_from_json(json.value("prepareParamsMap", Json())));
  PORPOISE_TRY(request.global_params, property_list_from_json(json.value("globalParams", Json())));
  PORPOISE_TRY(request.var_pool, property_list_from_json(json.value("varPool", Json())));
  request.app_ids = string_or(json, "appIds", "");
  request.schedule_time = string_or(json, "scheduleTime", "");
  request.dry_run = bool_or(json, "dryRun", false);
  request.resources.files = files_named(json.value("resources", Json()));
  request.execute_path = string_or(json, "executePath", "");
  request.log_path = string_or(json, "logPath", "");
  request.log_max_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(integer_or(json, "logMaxBytes", 0), 0));
  request.time_zone = string_or(json, "timeZone", "");
  request.environment_config = string_or(json, "environmentConfig", "");
  request.env_file = string_or(json, "envFile", "");
  request.keep_execute_path = bool_or(json, "keepExecutePath", false);
  request.keep_leftovers = bool_or(json, "keepLeftovers", false);
  request.timeout = std::chrono::milliseconds(integer_or(json, "timeoutMillis", 0));
  request.kill_grace = std::chrono::milliseconds(integer_or(json, "killGraceMillis", 10000));
  request.plugin_memory_bytes = static_cast<std::uint64_t>(integer_or(json, "pluginMemoryBytes", 0));
  return request;
}

Json to_json(const TaskResult& result) {
  Json json = {{"v", 1},
               {"taskInstanceId", result.task_instance_id},
               {"state", to_string(result.state)},
               {"exitCode", result.exit_code},
               {"message", result.message},
               {"timedOut", result.timed_out},
               {"startTime", result.start_time_ms},
               {"endTime", result.end_time_ms},
               {"processId", result.process_id},
               {"appIds", result.app_ids},
               {"varPool", Json(to_json(result.var_pool))}};
  if (result.alert)
    json["alert"] = {
        {"groupId", result.alert->group_id}, {"title", result.alert->title}, {"content", result.alert->content}};
  if (result.branch) json["branch"] = {{"index", result.branch->index}, {"nextNode", result.branch->next_node}};
  for (const FetchedResource& one : result.fetched) json["fetched"].push_back(to_json(one));
  if (result.fetch_failed) json["fetchFailed"] = true;
  if (result.survivors > 0) json["survivors"] = result.survivors;
  if (result.fenced) json["fenced"] = true;
  return json;
}

Result<TaskResult> task_result_from_json(const Json& json) {
  PORPOISE_TRY_VOID(expect_version(json, "task result"));
  TaskResult result;
  result.task_instance_id = integer_or(json, "taskInstanceId", 0);
  PORPOISE_TRY(result.state, task_state_from(string_or(json, "state", "")));
  result.exit_code = static_cast<int>(integer_or(json, "exitCode", -1));
  result.message = string_or(json, "message", "");
  result.timed_out = bool_or(json, "timedOut", false);
  result.start_time_ms = integer_or(json, "startTime", 0);
  result.end_time_ms = integer_or(json, "endTime", 0);
  result.process_id = integer_or(json, "processId", 0);
  result.app_ids = string_or(json, "appIds", "");
  PORPOISE_TRY(result.var_pool, property_list_from_json(json.value("varPool", Json())));
  if (const auto alert = json.find("alert"); alert != json.end() && alert->is_object())
    result.alert = TaskAlert{static_cast<std::int32_t>(integer_or(*alert, "groupId", 0)),
                             string_or(*alert, "title", ""), string_or(*alert, "content", "")};
  if (const auto branch = json.find("branch"); branch != json.end() && branch->is_object())
    result.branch = Branch{static_cast<int>(integer_or(*branch, "index", 0)), string_or(*branch, "nextNode", "")};
  result.fetched = fetched_from_json(json.value("fetched", Json()));
  result.fetch_failed = bool_or(json, "fetchFailed", false);
  result.fenced = bool_or(json, "fenced", false);
  result.survivors = static_cast<std::size_t>(std::max<std::int64_t>(integer_or(json, "survivors", 0), 0));
  return result;
}

}  // namespace porpoise
