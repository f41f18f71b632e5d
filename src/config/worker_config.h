// What `porpoise worker` is told: one value per key, read once, then immutable. worker_settings.h says where each key
// may come from and in which order. Values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace porpoise {

enum class FullPolicy { kReject, kContinue };             // task-execute-threads-full-policy
enum class ExpiryPolicy { kKill, kKeep };                 // what happens to running tasks when the session has expired
enum class LeftoverPolicy { kEnd, kKeep };                // of what a successful task left running
enum class RootTenant { kLoopback, kAllowed, kRefused };  // who may run as root; kLoopback: see allow_root_tenant
enum class LogFormat { kText, kJson };                    // of the daemon's own log
enum class StorageType { kNone, kFile, kS3, kWebHdfs };   // of the resource centre

struct ResourceConfig {
  StorageType type = StorageType::kNone;
  std::string base_path = "/dolphinscheduler";  // resource.storage.upload.base.path
  std::string url;                              // file:///… of a folder, or the URL of WebHDFS or of the S3 endpoint
  std::string bucket;                           // S3
  std::string region = "us-east-1";
  std::string access_key;  // S3
  std::string secret_key;  // S3; secret
  std::string user;        // WebHDFS
  int max_gib = 16;        // of all files of one task
};

struct WorkerConfig {
  // Registry.
  std::string zookeeper = "127.0.0.1:2181";  // connect string
  std::string zookeeper_namespace = "dolphinscheduler";
  std::chrono::milliseconds zookeeper_session_timeout{60000};  // the server may grant less
  std::string zookeeper_digest;                                // "user:password"; secret
  ExpiryPolicy on_session_expired = ExpiryPolicy::kKill;

  // Addresses.
  std::string listen = "0.0.0.0:1234";
  std::string advertise_address;        // HOST:PORT as registered; empty: found out
  std::string http = "127.0.0.1:1235";  // health and metrics; empty: none
  std::string alert_server = "127.0.0.1:50052";
  std::string allow_masters = "none";   // address ranges that may give tasks in addition to the masters in the registry
  std::string allow_log_peers = "any";  // that may read logs: API servers are not in the registry

  // Paths.
  std::filesystem::path data_dir = "/var/lib/porpoise";
  std::filesystem::path log_dir = "/var/log/porpoise";
  std::filesystem::path env_file;    // sourced before a task that has no environment of its own; empty: /etc/profile
  std::filesystem::path plugin_dir;  // searched first
  bool keep_work_dirs = false;       // development.state

  // Load.
  int exec_threads = 100;
  FullPolicy full_policy = FullPolicy::kReject;
  int host_weight = 100;
  std::chrono::milliseconds heartbeat_interval{10000};
  double max_cpu_load_avg = -1;  // <= 0: twice the CPUs
  double reserved_memory = 0.3;  // GiB

  // Tasks.
  std::string time_zone;                                 // IANA; empty: SPRING_JACKSON_TIME_ZONE, TZ, the system's
  bool sudo = true;                                      // sudo.enable: run tasks as their tenant
  bool tenant_auto_create = false;                       // off, unlike in the Java worker
  RootTenant allow_root_tenant = RootTenant::kLoopback;  // where only this machine's masters reach it: a trial
  std::string tenant_map;                                // see TenantMap
  bool no_new_privs = true;                              // no setuid program gives a task more than its tenant has
  std::uint64_t log_max_size = std::uint64_t{4} << 30U;  // of one task's log, in bytes; 0: no limit
  std::chrono::milliseconds log_retention{0};            // age at which what tasks have left is removed; 0: never
  std::uint64_t log_max_total = 0;                       // of all task logs, in bytes; 0: no limit
  std::chrono::milliseconds kill_grace{10000};
  LeftoverPolicy leftovers = LeftoverPolicy::kEnd;
  std::chrono::milliseconds drain_timeout{std::chrono::minutes(10)};
  std::chrono::milliseconds result_max_age{std::chrono::hours(24)};  // of what no master acknowledges
  ResourceConfig resources;
  std::vector<std::filesystem::path> files_with_secrets;  // of those that this was read from
  Json plugins = Json::object();                          // type id -> the section that plugin gets

  // The daemon's log.
  LogFormat log_format = LogFormat::kText;
  std::string log_level = "info";
};

// What no log and no message may show. Some may be empty: they hide nothing.
std::vector<std::string> secrets_of(const WorkerConfig& config);

// Which user of the operating system a tenant is, and which tenants a worker runs at all (`tenant-map`).
//
// A value; pure. Without entries each tenant is the user of its name, as in 3.1. With some, a tenant that has none is
// refused: who may define tenants in the UI does not choose among this machine's users then.
//
//   etl=app_etl,bi     etl runs as app_etl, bi as bi, others not at all
//   etl=app_etl,*      others as the users of their names

// [a-z_][a-z0-9_-]*[$]?, with upper-case letters and dots, which some directories have: nothing a command could take
// for an option.
bool is_user_name(std::string_view name);

class TenantMap {
 public:
  static Result<TenantMap> parse(std::string_view text);

  // None: it is not run here.
  std::optional<std::string> user_of(const std::string& tenant) const;
  // Those that it names: tenant -> user.
  const std::map<std::string, std::string>& users() const { return users_; }

 private:
  std::map<std::string, std::string> users_;
  bool takes_others_ = true;
};

}  // namespace porpoise
