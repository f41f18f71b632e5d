#include "worker/task_request.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace porpoise {

namespace {

constexpr const char* kDefaultEnvFile = "/etc/profile";  // 3.1, when no dolphinscheduler_env.sh is configured
constexpr const char* kDatetime = "system.datetime";

// The base of $[…]: 3.1 loses the schedule time of a task that has no parameter at all.
std::string schedule_time(const wire::TaskContext& context) {
  const auto business = context.business_params.find(kDatetime);
  return business != context.business_params.end() ? business->second.value : context.schedule_time;
}

Error no_plugin(const Catalog& catalog, const std::string& type) {
  // 3.1 `LogicTask`s run inside the master; one that arrives here comes from a broken definition.
  constexpr std::array kLogicTypes{"SWITCH", "CONDITIONS", "DEPENDENT", "SUB_PROCESS", "BLOCKING"};
  Error missing = catalog.unknown_type(type);
  if (std::find(kLogicTypes.begin(), kLogicTypes.end(), type) == kLogicTypes.end()) return missing;
  return missing.wrap("task type " + type + " is evaluated by masters, a worker has no plugin for it");
}

ResourceStorage::Kind kind_of(StorageType type) {
  switch (type) {
    case StorageType::kS3: return ResourceStorage::Kind::kS3;
    case StorageType::kWebHdfs: return ResourceStorage::Kind::kWebHdfs;
    default: return ResourceStorage::Kind::kFile;
  }
}

Result<ResourceOrder> order_resources(const wire::TaskContext& context, const ResourceConfig& config) {
  ResourceOrder order;
  if (context.resources.empty()) return order;
  // Better no run at all than one without its files.
  if (config.type == StorageType::kNone)
    return fail(ErrorCode::kInvalid,
                "the task needs " + context.resources.front().first +
                    " of the resource centre, and this worker does not know where that is: set "
                    "resources.type to file, s3 or webhdfs, as the API server's resource.storage.type");
  if (context.resources.size() > kMaxResources)
    return fail(ErrorCode::kInvalid, "a task may have " + std::to_string(kMaxResources) +
                                         " resources, and this one has " + std::to_string(context.resources.size()));
  order.storage = {kind_of(config.type), config.url,        config.base_path,  config.bucket,
                   config.region,        config.access_key, config.secret_key, config.user};
  order.max_bytes = static_cast<std::uint64_t>(config.max_gib) << 30U;
  for (const auto& [name, tenant] : context.resources) {
    PORPOISE_TRY(ResourceFile file, tenant_resource(name, tenant));
    add_once(order, std::move(file));
  }
  return order;
}

// All that the worker has for itself.
std::vector<std::string> hidden_from_tasks(const WorkerConfig& config) {
  std::vector<std::string> paths{config.data_dir.string(), config.log_dir.string()};
  for (const auto& file : config.files_with_secrets) paths.push_back(file.string());
  return paths;
}

}  // namespace

Result<TaskRequest> make_task_request(const AcceptedTask& task, const WorkerConfig& config, const Catalog& catalog,
                                      const std::string& run_as) {
  const wire::TaskContext& context = task.dispatch.context;
  TaskRequest request;
  request.task_instance_id = context.task_instance_id;
  request.task_name = context.task_name;
  request.task_type = context.task_type;
  request.process_instance_id = context.process_instance_id;
  request.process_define_code = context.process_define_code;
  request.process_define_version = context.process_define_version;
  request.project_code = context.project_code;
  request.tenant_code = context.tenant_code;
  request.run_as = run_as;
  request.no_new_privs = config.no_new_privs;
  request.hidden_paths = hidden_from_tasks(config);
  request.task_params = context.task_params;
  request.prepare_params = context.prepare_params;
  request.global_params = context.global_params;
  request.var_pool = context.var_pool;
  request.app_ids = context.app_ids;
  request.schedule_time = schedule_time(context);
  request.dry_run = context.dry_run;
  request.execute_path = task.execute_path;
  request.log_path = task.log_path;
  request.log_max_bytes = config.log_max_size;
  request.time_zone = config.time_zone;
  request.environment_config = context.environment_config;
  request.env_file = config.env_file.empty() ? kDefaultEnvFile : config.env_file.string();
  request.keep_execute_path = config.keep_work_dirs;
  request.timeout = std::chrono::seconds(context.timeout_seconds);
  request.kill_grace = config.kill_grace;
  const bool keeps_by_default = config.leftovers == LeftoverPolicy::kKeep;
  // Parameters that cannot be read are the host's to refuse.
  const PropertyList local = local_params(context.task_params).value_or(PropertyList{});
  PORPOISE_TRY(request.keep_leftovers, keeps_leftovers(local, keeps_by_default));
  PORPOISE_TRY(request.resources, order_resources(context, config.resources));
  const CatalogEntry* const plugin = catalog.find(context.task_type);
  if (plugin == nullptr) return fail(no_plugin(catalog, context.task_type));
  request.plugin = plugin->file;
  if (const auto section = config.plugins.find(context.task_type); section != config.plugins.end())
    request.plugin_config = *section;
  return request;
}

TaskRequest unmade_request(const AcceptedTask& task) {
  TaskRequest unmade;
  unmade.task_instance_id = task.id();
  unmade.log_path = task.log_path;
  unmade.execute_path = task.execute_path;
  unmade.tenant_code = task.dispatch.context.tenant_code;
  unmade.project_code = task.dispatch.context.project_code;
  unmade.process_define_code = task.dispatch.context.process_define_code;
  unmade.process_define_version = task.dispatch.context.process_define_version;
  unmade.process_instance_id = task.dispatch.context.process_instance_id;
  unmade.var_pool = task.dispatch.context.var_pool;
  unmade.app_ids = task.dispatch.context.app_ids;
  unmade.dry_run = task.dispatch.context.dry_run;
  return unmade;
}

}  // namespace porpoise
