#include "cli/worker_environment.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/network_address.h"
#include "cli/commands.h"
#include "config/settings_table.h"
#include "launcher/task_process.h"
#include "machine/address.h"
#include "process/process_info.h"
#include "process/user.h"
#include "worker/isolation.h"
#include "worker/tenant.h"

namespace porpoise {
Variables process_environment() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t end = text.find('=');
    if (end != std::string_view::npos) variables.try_emplace(std::string(text.substr(0, end)), text.substr(end + 1));
  }
  return variables;
}

namespace {

void hide(const std::string& variable) {
  char* const value = std::getenv(variable.c_str());
  if (value == nullptr) return;
  std::memset(value, '*', std::strlen(value));  // /proc/<pid>/environ shows this memory
  ::unsetenv(variable.c_str());
}

}  // namespace

Result<ResolvedSettings> resolve_worker_flags(const WorkerFlags& flags, Variables variables) {
  PORPOISE_TRY(const SettingsSources sources,
               read_settings_sources(flags.config, flags.ds_conf, std::move(variables), flags.values));
  return resolve_settings(sources);
}

void hide_secrets() {
  for (const Setting& setting : worker_settings()) {
    if (!setting.secret) continue;
    hide(variable_of(setting));
    for (const DsKey& key : setting.application)
      for (const std::string& variable : ds_variables_of(key.path)) hide(variable);
  }
}

namespace {

namespace fs = std::filesystem;

Result<std::string> own_address(const WorkerConfig& config) {
  PORPOISE_TRY(const HostPort listen, parse_host_port(config.listen));
  AddressOptions options;
  options.advertise = config.advertise_address;
  options.listen_host = listen.host;
  options.port = listen.port;
  options.kubernetes =
      !environment("KUBERNETES_SERVICE_HOST").empty() && !environment("KUBERNETES_SERVICE_PORT").empty();
  return find_address(options);
}

Result<RegistrationOptions> registration_options(const WorkerConfig& config, const WorkerPaths& paths,
                                                 std::string address) {
  RegistrationOptions options;
  PORPOISE_TRY(options.servers, parse_connect_string(config.zookeeper));
  options.name_space = config.zookeeper_namespace;
  options.session_timeout = config.zookeeper_session_timeout;
  options.digest = config.zookeeper_digest;
  options.address = std::move(address);
  options.session_file = paths.session_file();
  options.takeover_allowed = false;  // not before Membership has ended what is not the worker's any more
  options.boot_id = boot_id();
  options.startup_time_ms = wall_ms();
  options.heartbeat_interval = config.heartbeat_interval;
  return options;
}

Status make_folder(const fs::path& folder, const char* key) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem && ::access(folder.c_str(), W_OK) == 0) return {};
  const int reason = problem ? problem.value() : errno;
  const Error why = errno_error("cannot write to " + folder.string(), reason);
  return fail(why.code(), why.message() + "; let user " + user_name(::geteuid()) +
                              " write there, or choose another folder with the key '" + key + "'");
}

}  // namespace

Result<WorkerEnvironment> find_worker_environment(const WorkerConfig& config) {
  const WorkerPaths paths{fs::absolute(config.log_dir), fs::absolute(config.data_dir)};
  PORPOISE_TRY_VOID(check_tenants_possible(config));
  PORPOISE_TRY_VOID(make_folder(paths.data_dir, "data-dir"));
  PORPOISE_TRY(DataDirLock lock, DataDirLock::take(paths.data_dir));  // nothing there is read or written before
  PORPOISE_TRY_VOID(make_folder(paths.log_dir, "log-dir"));
  const TaskStore unsealed(paths.state_root());
  PORPOISE_TRY_VOID(unsealed.prepare());
  PORPOISE_TRY(ResultSeal::Opened opened, ResultSeal::open(paths.seal_file(), unsealed.ids()));
  std::vector<std::string> warnings = gaps_between_tasks(config);
  if (!opened.problem.empty()) warnings.push_back(std::move(opened.problem));
  PORPOISE_TRY(LogRoot log_root, LogRoot::open(paths.log_dir));
  PORPOISE_TRY(fs::path host_binary, usable_host_binary());
  PORPOISE_TRY(std::string address, own_address(config));
  PORPOISE_TRY_VOID(lock.introduce(address, wall_ms()));
  PORPOISE_TRY(RegistrationOptions registration, registration_options(config, paths, address));
  PORPOISE_TRY(AddressRanges named_masters, AddressRanges::parse(config.allow_masters));
  PORPOISE_TRY(AddressRanges log_peers, AddressRanges::parse(config.allow_log_peers));
  return WorkerEnvironment{std::move(lock),
                           paths,
                           TaskStore(paths.state_root(), opened.seal),
                           std::move(log_root),
                           opened.seal,
                           std::move(warnings),
                           std::move(host_binary),
                           std::move(address),
                           std::move(registration),
                           std::move(named_masters),
                           std::move(log_peers)};
}

WorkerGauges levels(const WorkerConfig& config, const Engine& engine, const Membership& membership,
                    const Listener& listener, const MasterLinks& links, const AlertSender& alerts) {
  WorkerGauges levels;
  levels.running = engine.running_by_type();
  levels.waiting = engine.waiting();
  levels.slots_total = static_cast<std::size_t>(config.exec_threads);
  levels.slots_used = engine.running();
  levels.draining = engine.leaving();
  levels.results_unacked = engine.outbox().size();
  levels.outbox_bytes = engine.outbox().bytes();
  levels.oldest_unacked = std::chrono::milliseconds(engine.outbox().oldest_age_ms({wall_ms(), mono_ms()}));
  levels.registry_connected = membership.connected();
  levels.incoming_connections = listener.connections();
  levels.master_connections = links.connections();
  levels.alert_connections = alerts.connections();
  return levels;
}

HealthReport health(const Engine& engine, const std::string& overload) {
  return {
      {{"registered", engine.registered(), engine.registered() ? "" : "not in ZooKeeper (yet, or any more)"},
       {"stateDirWritable", engine.storage_works(), engine.storage_works() ? "" : "accepted tasks cannot be written"},
       {"accepting", !engine.leaving(), engine.leaving() ? "draining" : ""},
       {"load", true, overload.empty() ? "" : "overloaded: " + overload}}};
}

}  // namespace porpoise
