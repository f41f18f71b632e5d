#include "worker/worker_environment.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "machine/address.h"
#include "process/confinement.h"
#include "process/process_info.h"
#include "process/user.h"
#include "worker/tenant.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

bool has(const Variables& variables, const char* name) {
  const auto found = variables.find(name);
  return found != variables.end() && !found->second.empty();
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

// Why sudo cannot work here; empty when it may.
std::string sudo_fault() {
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
    return "it was started with no_new_privs, so that sudo cannot work";
  const SudoUser somebody("root", "");
  return somebody.command({"true"}) ? "" : "there is no sudo in PATH";
}

// Of tasks that run as the worker's own user.
void add_gaps_of_one_user(const WorkerConfig& config, std::vector<std::string>& gaps) {
  const ConfinementLevel level = confinement_level();
  const std::string who = config.sudo ? "tasks of the tenant default" : "tasks";
  const std::string shared = who + " run as the worker's own user " + user_name(::geteuid());
  constexpr const char* kReadsAll =
      " they can read and change the state of the worker, the logs of others and its configuration";
  if (!config.no_new_privs)
    gaps.push_back(shared + " and may gain privileges (no-new-privs: false):" + kReadsAll);
  else if (!level.files)
    gaps.push_back(shared + ", and this kernel has no Landlock (Linux 5.19 and later):" + kReadsAll +
                   "; what still holds is in docker/README.md");
  else if (!level.signals)
    gaps.push_back(shared + ", and the Landlock of this kernel is not that of Linux 6.12: they can stop or kill the " +
                   "worker and its task hosts");
}

// A process may raise its score, but not lower it below what it began with.
void add_oom_score(std::vector<std::string>& gaps) {
  constexpr std::size_t kMaxBytes = 64;
  const auto text = read_file("/proc/self/oom_score_adj", kMaxBytes);
  const int score = text ? std::atoi(text->c_str()) : 0;
  if (score > 0)
    gaps.push_back("tasks keep the worker's oom_score_adj of " + std::to_string(score) + ", as it is not root");
}

}  // namespace

Result<std::string> own_address(const WorkerConfig& config, const Variables& variables) {
  PORPOISE_TRY(const HostPort listen, parse_host_port(config.listen));
  AddressOptions options;
  options.advertise = config.advertise_address;
  options.listen_host = listen.host;
  options.port = listen.port;
  options.kubernetes = has(variables, "KUBERNETES_SERVICE_HOST") && has(variables, "KUBERNETES_SERVICE_PORT");
  return find_address(options);
}

Result<WorkerEnvironment> find_worker_environment(const WorkerConfig& config, const Variables& variables) {
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
  PORPOISE_TRY(std::string address, own_address(config, variables));
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

std::vector<std::string> gaps_between_tasks(const WorkerConfig& config) {
  std::vector<std::string> gaps;
  if (::geteuid() == 0) return gaps;  // it becomes the tenant, or root's tasks have leave to be root's
  if (const std::string fault = config.sudo ? sudo_fault() : ""; !fault.empty())
    gaps.push_back("this worker cannot become its tenants: it is not root, and " + fault +
                   "; tasks of tenants with another user than " + user_name(::geteuid()) +
                   " FAIL. Start it as root, let it use sudo, or let every task run as its own user (sudo: false)");
  add_gaps_of_one_user(config, gaps);
  add_oom_score(gaps);
  return gaps;
}

EngineSettings engine_settings(const WorkerConfig& config, const WorkerEnvironment& environment) {
  EngineSettings settings;
  settings.address = environment.address;
  settings.slots = config.exec_threads;
  settings.max_waiting = config.full_policy == FullPolicy::kReject ? config.exec_threads : 0;
  settings.keep_tasks = config.on_session_expired == ExpiryPolicy::kKeep;
  settings.drain_limit = config.drain_timeout;
  settings.outbox.max_age = config.result_max_age;
  return settings;
}

HostSettings host_settings(const WorkerConfig& config, const WorkerEnvironment& environment) {
  HostSettings settings;
  settings.host_binary = environment.host_binary;
  settings.die_with_requester = false;
  settings.seal = environment.seal;
  if (config.on_session_expired != ExpiryPolicy::kKeep) settings.lease = environment.paths.lease_file();
  return settings;
}

}  // namespace porpoise
