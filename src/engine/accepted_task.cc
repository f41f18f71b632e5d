#include "engine/accepted_task.h"

#include <algorithm>
#include <cstdio>
#include <vector>

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

namespace {

constexpr int kDelayStatus = 12;  // 3.1 `TaskExecutionStatus` DELAY_EXECUTION

// What all of them begin with.
template <typename Message>
Message message_about(const AcceptedTask& task, std::int64_t send_time_ms, const std::string& worker) {
  Message message;
  message.addressing = {worker, task.dispatch.master, send_time_ms};
  message.task_instance_id = task.id();
  message.process_instance_id = task.dispatch.context.process_instance_id;
  return message;
}

std::vector<std::string> split_ids(const std::string& app_ids) {
  std::vector<std::string> ids;
  for (std::size_t begin = 0; begin < app_ids.size();) {
    const std::size_t end = std::min(app_ids.find(',', begin), app_ids.size());
    ids.push_back(app_ids.substr(begin, end - begin));
    begin = end + 1;
  }
  return ids;
}

std::size_t bytes_of(const Property& property) {
  return sizeof property + property.prop.size() + property.type.size() + property.value.size();
}

std::size_t bytes_of(const PropertyList& list) {
  std::size_t bytes = 0;
  for (const Property& property : list) bytes += bytes_of(property);
  return bytes;
}

std::size_t bytes_of(const PropertyMap& map) {
  std::size_t bytes = 0;
  for (const auto& [name, property] : map) bytes += name.size() + bytes_of(property);
  return bytes;
}

}  // namespace

std::size_t bytes_of(const wire::TaskEnded& message) {
  return sizeof message + message.addressing.sender.size() + message.addressing.receiver.size() +
         message.log_path.size() + message.execute_path.size() + message.app_ids.size() +
         (message.var_pool ? bytes_of(*message.var_pool) : 0);
}

std::size_t bytes_of(const wire::TaskContext& context) {
  std::size_t bytes = sizeof context + context.task_name.size() + context.task_params.size() +
                      context.environment_config.size() + context.app_ids.size() + bytes_of(context.prepare_params) +
                      bytes_of(context.business_params) + bytes_of(context.global_params) + bytes_of(context.var_pool);
  for (const auto& [name, tenant] : context.resources) bytes += name.size() + tenant.size();
  return bytes;
}

wire::TaskRunning running_message(const AcceptedTask& task, const std::string& worker) {
  auto message = message_about<wire::TaskRunning>(task, task.start_time_ms, worker);
  message.start_time_ms = task.start_time_ms;
  message.log_path = task.log_path;
  message.execute_path = task.execute_path;
  message.app_ids = task.app_ids;
  return message;
}

wire::TaskEnded ended_message(const AcceptedTask& task, const TaskResult& result, const std::string& worker) {
  auto message = message_about<wire::TaskEnded>(task, result.end_time_ms, worker);
  message.status = status_code(result.state);
  message.start_time_ms = result.start_time_ms;
  message.log_path = task.log_path;
  message.execute_path = task.execute_path;
  message.end_time_ms = result.end_time_ms;
  message.process_id = result.process_id;
  message.app_ids = result.app_ids;
  message.var_pool = result.var_pool;
  return message;
}

wire::TaskEnded delayed_message(const AcceptedTask& task, std::int64_t now_ms, const std::string& worker) {
  TaskResult waiting;
  waiting.start_time_ms = now_ms;
  wire::TaskEnded message = ended_message(task, waiting, worker);
  message.addressing.send_time_ms = now_ms;
  message.status = kDelayStatus;
  message.var_pool.reset();
  return message;
}

wire::TaskRejected rejected_message(const AcceptedTask& task, std::int64_t now_ms, const std::string& worker) {
  return message_about<wire::TaskRejected>(task, now_ms, worker);
}

wire::KillAnswer killed_unstarted(std::int64_t task_instance_id, const std::string& worker) {
  return {task_instance_id, worker, "KILL", 0, {}};
}

wire::KillAnswer killed(std::int64_t task_instance_id, std::int64_t process_id, const std::string& app_ids,
                        const std::string& worker) {
  return {task_instance_id, worker, "SUCCESS", process_id, split_ids(app_ids)};
}

}  // namespace porpoise
