#include "config/settings_table.h"

#include <algorithm>
#include <cctype>

namespace porpoise {
namespace {

constexpr int kHour = 3600, kDay = 24 * kHour;
constexpr int kMaxThreads = 10000;  // each is a process of its own
constexpr int kMaxGiB = 1 << 20;

constexpr const char* const kRegistry = "Registry";
constexpr const char* const kAddresses = "Addresses";
constexpr const char* const kFolders = "Folders";
constexpr const char* const kLoad = "Load";
constexpr const char* const kTasks = "Tasks";
constexpr const char* const kResources = "Resource centre";
constexpr const char* const kLog = "Log";

template <typename Kind, auto Member>
constexpr SettingValue of() {
  return setting_value<Kind, Member>();
}
template <typename Kind, auto Member>
constexpr SettingValue of_resources() {
  return setting_value<Kind, &WorkerConfig::resources, Member>();
}

using W = WorkerConfig;
using R = ResourceConfig;

constexpr Setting kSettings[] = {
    {.name = "zookeeper",
     .group = kRegistry,
     .help = "servers of the registry",
     .value = of<kind::ConnectString, &W::zookeeper>(),
     .application = {{{"registry.zookeeper.connect-string"}}}},
    {.name = "zookeeper-namespace",
     .group = kRegistry,
     .help = "path below which the cluster lives",
     .value = of<kind::Namespace, &W::zookeeper_namespace>(),
     .application = {{{"registry.zookeeper.namespace"}}}},
    {.name = "zookeeper-session-timeout",
     .group = kRegistry,
     .help = "after which a lost worker's tasks run elsewhere; the server may grant less",
     .value = of<kind::Duration<1, kHour>, &W::zookeeper_session_timeout>(),
     .application = {{{"registry.zookeeper.session-timeout"}}}},
    {.name = "zookeeper-digest",
     .group = kRegistry,
     .help = "credentials; other users see the flags of a process, so better give a file or variable",
     .value = of<kind::Digest, &W::zookeeper_digest>(),
     .when_empty = "no authentication",
     .application = {{{"registry.zookeeper.digest"}}},
     .secret = true},
    {.name = "on-session-expired",
     .group = kRegistry,
     .help = "what becomes of running tasks; whatever is kept may run twice",
     .value = of<kind::Choice<ExpiryPolicy>, &W::on_session_expired>()},

    {.name = "listen",
     .group = kAddresses,
     .help = "where masters and the API server connect to",
     .value = of<kind::ListenAddress, &W::listen>(),
     .application = {{{"worker.listen-port", Part::kPort}}},
     .ds_host = "0.0.0.0"},
    {.name = "advertise-address",
     .group = kAddresses,
     .help = "as registered, when the one found out is not the right one",
     .value = of<kind::OptionalPeerAddress, &W::advertise_address>(),
     .when_empty = "found out"},
    {.name = "http",
     .group = kAddresses,
     .help = "page, health and metrics; none: not served",
     .value = of<kind::OptionalListenAddress, &W::http>(),
     .application = {{{"server.port", Part::kPort}, {"server.address", Part::kHost}}},
     .ds_host = "0.0.0.0"},
    {.name = "allow-masters",
     .group = kAddresses,
     .help = "who else may give tasks: masters in ZooKeeper may, at the address they register",
     .value = of<kind::Ranges, &W::allow_masters>(),
     .at_run_time = true},
    {.name = "allow-log-peers",
     .group = kAddresses,
     .help = "who may read task logs: API servers; those named here, and masters, may remove them, too",
     .value = of<kind::Ranges, &W::allow_log_peers>(),
     .at_run_time = true},
    {.name = "alert-server",
     .group = kAddresses,
     .help = "where tasks send their alerts",
     .value = of<kind::PeerAddress, &W::alert_server>(),
     .application = {{{"worker.alert-listen-host", Part::kHost}, {"worker.alert-listen-port", Part::kPort}}}},

    {.name = "data-dir",
     .group = kFolders,
     .help = "state of tasks and their working directories",
     .value = of<kind::Path, &W::data_dir>(),
     .property = "data.basedir.path"},
    {.name = "log-dir", .group = kFolders, .help = "logs of tasks", .value = of<kind::Path, &W::log_dir>()},
    {.name = "env-file",
     .group = kFolders,
     .help = "shell lines to source before a task that has no environment of its own",
     .value = of<kind::OptionalPath, &W::env_file>(),
     .when_empty = "/etc/profile",
     .property = "dolphinscheduler.env.path"},
    {.name = "plugin-dir",
     .group = kFolders,
     .help = "folder of plugins, searched first",
     .value = of<kind::OptionalPath, &W::plugin_dir>(),
     .when_empty = "the installed ones"},
    {.name = "keep-work-dirs",
     .group = kFolders,
     .help = "keep the working directories of tasks",
     .value = of<kind::Boolean, &W::keep_work_dirs>(),
     .property = "development.state"},

    {.name = "exec-threads",
     .group = kLoad,
     .help = "tasks at a time",
     .value = of<kind::Whole<1, kMaxThreads>, &W::exec_threads>(),
     .application = {{{"worker.exec-threads"}}}},
    {.name = "full-policy",
     .group = kLoad,
     .help = "for tasks that arrive when all threads are busy and as many wait",
     .value = of<kind::Choice<FullPolicy>, &W::full_policy>(),
     .application = {{{"worker.task-execute-threads-full-policy"}}}},
    {.name = "host-weight",
     .group = kLoad,
     .help = "share of tasks from masters that select at random or in turn",
     .value = of<kind::Whole<1, kMaxThreads>, &W::host_weight>(),
     .application = {{{"worker.host-weight"}}}},
    {.name = "heartbeat-interval",
     .group = kLoad,
     .help = "between two reports of the load",
     .value = of<kind::Duration<1, kHour>, &W::heartbeat_interval>(),
     .application = {{{"worker.heartbeat-interval"}}}},
    {.name = "max-cpu-load-avg",
     .group = kLoad,
     .help = "load above which masters send nothing; 0 or less: twice the CPUs",
     .value = of<kind::Decimal<-1, kMaxGiB>, &W::max_cpu_load_avg>(),
     .application = {{{"worker.max-cpu-load-avg"}}}},
    {.name = "reserved-memory",
     .group = kLoad,
     .help = "free memory in GiB below which masters send nothing",
     .value = of<kind::Decimal<0, kMaxGiB>, &W::reserved_memory>(),
     .application = {{{"worker.reserved-memory"}}}},

    {.name = "time-zone",
     .group = kTasks,
     .help = "of dates from and to masters: it must be theirs",
     .value = of<kind::TimeZoneId, &W::time_zone>(),
     .when_empty = "TZ, else the system's",
     .ds_variable = "SPRING_JACKSON_TIME_ZONE"},
    {.name = "sudo",
     .group = kTasks,
     .help = "run tasks as their tenant",
     .value = of<kind::Boolean, &W::sudo>(),
     .property = "sudo.enable"},
    {.name = "tenant-auto-create",
     .group = kTasks,
     .help = "add a missing tenant to this machine's users",
     .value = of<kind::Boolean, &W::tenant_auto_create>(),
     .application = {{{"worker.tenant-auto-create"}}}},
    {.name = "allow-root-tenant",
     .group = kTasks,
     .help =
         "let tasks run as root: those of the tenant root, or all of them when root is who the worker is and stays; "
         "loopback: only where the worker's address is of this machine alone, as in a trial",
     .value = of<kind::Choice<RootTenant>, &W::allow_root_tenant>()},
    {.name = "tenant-map",
     .group = kTasks,
     .help = "users of tenants, such as etl=app_etl,bi: no other tenant runs here, unless * is one of them",
     .value = of<kind::Tenants, &W::tenant_map>(),
     .when_empty = "each tenant is the user of its name",
     .at_run_time = true},
    {.name = "log-max-size",
     .group = kTasks,
     .help = "of the log of one task: what it prints beyond that is not kept, and the log says so; 0: no limit",
     .value = of<kind::Size, &W::log_max_size>()},
    {.name = "log-retention",
     .group = kTasks,
     .help = "after which the log of a task is removed, and what else it has left, such as 30d: never of a task that runs "
             "or whose result is not acknowledged; 0s: kept for ever",
     .value = of<kind::Duration<0, 3650 * kDay>, &W::log_retention>()},
    {.name = "log-max-total",
     .group = kTasks,
     .help = "of all task logs together, such as 50GiB: the oldest are removed first, none of the last hour; 0: no limit",
     .value = of<kind::Size, &W::log_max_total>()},
    {.name = "no-new-privs",
     .group = kTasks,
     .help = "keep tasks from more than their tenant may: sudo and other setuid programs do not work in them",
     .value = of<kind::Boolean, &W::no_new_privs>()},
    {.name = "kill-grace",
     .group = kTasks,
     .help = "between SIGTERM and SIGKILL",
     .value = of<kind::Duration<0, kHour>, &W::kill_grace>()},
    {.name = "leftovers",
     .group = kTasks,
     .help = "what a successful task left running; a task's local parameter porpoise.leftovers overrules",
     .value = of<kind::Choice<LeftoverPolicy>, &W::leftovers>()},
    {.name = "drain-timeout",
     .group = kTasks,
     .help = "for running tasks when the worker is told to stop",
     .value = of<kind::Duration<0, 7 * kDay>, &W::drain_timeout>()},
    {.name = "result-max-age",
     .group = kTasks,
     .help = "after which a result that no master acknowledges is given up",
     .value = of<kind::Duration<60, 365 * kDay>, &W::result_max_age>()},

    {.name = "resources.type",
     .group = kResources,
     .help = "where the files of tasks are",
     .value = of_resources<kind::Choice<StorageType>, &R::type>()},
    {.name = "resources.base-path",
     .group = kResources,
     .help = "folder of all tenants",
     .value = of_resources<kind::BasePath, &R::base_path>(),
     .property = "resource.storage.upload.base.path"},
    {.name = "resources.url",
     .group = kResources,
     .help = "a folder (file), the HTTP address of a NameNode (webhdfs), or an endpoint (s3)",
     .value = of_resources<kind::ResourceUrl, &R::url>(),
     .when_empty = "that of Amazon for s3",
     .property = "resource.aws.s3.endpoint"},
    {.name = "resources.bucket",
     .group = kResources,
     .help = "of s3",
     .value = of_resources<kind::Word, &R::bucket>(),
     .property = "resource.aws.s3.bucket.name"},
    {.name = "resources.region",
     .group = kResources,
     .help = "of s3",
     .value = of_resources<kind::Word, &R::region>(),
     .property = "resource.aws.region"},
    {.name = "resources.access-key",
     .group = kResources,
     .help = "of s3",
     .value = of_resources<kind::Word, &R::access_key>(),
     .when_empty = "anonymous",
     .property = "resource.aws.access.key.id"},
    {.name = "resources.secret-key",
     .group = kResources,
     .help = "of s3; other users see the flags of a process, so better give a file or variable",
     .value = of_resources<kind::Word, &R::secret_key>(),
     .when_empty = "anonymous",
     .property = "resource.aws.secret.access.key",
     .secret = true},
    {.name = "resources.user",
     .group = kResources,
     .help = "of webhdfs",
     .value = of_resources<kind::Word, &R::user>(),
     .when_empty = "the server's choice",
     .property = "resource.hdfs.root.user"},
    {.name = "resources.max-gib",
     .group = kResources,
     .help = "of all files of one task together",
     .value = of_resources<kind::Whole<1, kMaxGiB>, &R::max_gib>()},

    {.name = "log-format",
     .group = kLog,
     .help = "of the worker's own log",
     .value = of<kind::Choice<LogFormat>, &W::log_format>()},
    {.name = "log-level",
     .group = kLog,
     .help = "of the worker's own log",
     .value = of<kind::LogLevel, &W::log_level>(),
     .at_run_time = true},
};

// Upper case, with `dot` for dots and `dash` for dashes ('\0': none).
std::string upper_snake(std::string_view text, char dash) {
  std::string result;
  for (const char c : text) {
    if (c == '.') {
      result += '_';
    } else if (c != '-') {
      result += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    } else if (dash != '\0') {
      result += dash;
    }
  }
  return result;
}

}  // namespace

std::span<const Setting> worker_settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kSettings), std::end(kSettings), [&](const Setting& one) { return one.name == name; });
  return found == std::end(kSettings) ? nullptr : found;
}

std::string variable_of(const Setting& setting) { return "PORPOISE_" + upper_snake(setting.name, '_'); }

std::string flag_of(const Setting& setting) {
  std::string flag = "--" + std::string(setting.name);
  std::replace(flag.begin(), flag.end(), '.', '-');
  return flag;
}

std::vector<std::string> ds_variables_of(std::string_view path) {
  std::vector<std::string> names{upper_snake(path, '_')};
  if (path.find('-') != std::string_view::npos) names.push_back(upper_snake(path, '\0'));
  return names;
}

std::string uniform(std::string_view path) {
  std::string result;
  for (const char c : path)
    if (c != '-' && c != '_') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

}  // namespace porpoise
