#include "worker/tenant.h"

#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "base/address_ranges.h"
#include "base/host_port.h"
#include "config/tenant_map.h"
#include "process/spawn.h"
#include "process/sudo_user.h"
#include "process/user.h"

namespace porpoise {
namespace {

constexpr const char* kUseradd = "/usr/sbin/useradd";

Status create_user(const std::string& name) {
  SpawnSpec spec;
  spec.argv = {kUseradd, "--no-create-home", name};
  if (const SudoUser root("root", ""); root.needed()) {
    PORPOISE_TRY(spec.argv, root.command(std::move(spec.argv)));
  }
  spec.fds = {STDIN_FILENO, STDERR_FILENO, STDERR_FILENO};
  PORPOISE_TRY(const pid_t pid, spawn(spec));
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::kDenied, "useradd could not create tenant \"" + name +
                                      "\", what it said is in the worker's own log: " +
                                      "create the user, or let the worker do it (root, or sudo -n useradd)");
}

bool stays_itself(const WorkerConfig& config) { return !config.sudo; }

// By the address that masters are told; without one by that it listens on.
bool is_reached_by_loopback(const WorkerConfig& config) {
  const std::string& address = config.advertise_address.empty() ? config.listen : config.advertise_address;
  const auto parsed = parse_host_port(address);
  const std::string host = parsed ? parsed->host : address;
  const auto loopback = AddressRanges::parse("127.0.0.0/8");
  const auto ip = parse_ip(host);
  return host == "localhost" || (ip && loopback && loopback->contains(*ip));
}

// `name` as messages call the tenant.
Result<OsUser> existing_user(const std::string& user_name, const std::string& name, const WorkerConfig& config) {
  auto user = find_user(user_name);
  if (user) return user;
  const std::string missing = name + " does not exist on this machine: create the user (useradd " + user_name +
                              "), or let the worker do it (tenant-auto-create: true)";
  const bool may_create = ::geteuid() == 0 || config.sudo;  // without sudo nobody but root can
  if (!config.tenant_auto_create || !may_create) return fail(ErrorCode::kNotFound, missing);
  PORPOISE_TRY_VOID(create_user(user_name));
  user = find_user(user_name);
  if (!user) return fail(ErrorCode::kNotFound, missing);
  return user;
}

Error would_be_root(const std::string& whose, const WorkerConfig& config) {
  const std::string why = stays_itself(config) ? ", as the worker is root and becomes no tenant (sudo: false)" : "";
  return {ErrorCode::kDenied,
          whose + " would run as root" + why + ", which this worker does not do: " +
              (stays_itself(config) ? "start the worker as another user" : "choose another tenant") +
              ", or allow it (allow-root-tenant: true)"};
}

}  // namespace

bool may_run_as_root(const WorkerConfig& config) {
  return config.allow_root_tenant == RootTenant::kAllowed ||
         (config.allow_root_tenant == RootTenant::kLoopback && is_reached_by_loopback(config));
}

Result<std::string> resolve_tenant(const std::string& tenant_code, const WorkerConfig& config) {
  constexpr const char* kOwn = "default";  // 3.2 calls the worker's own user so
  const std::string tenant = tenant_code.empty() ? kOwn : tenant_code;
  const std::string name = "tenant \"" + tenant + "\"";
  PORPOISE_TRY(const TenantMap map, TenantMap::parse(config.tenant_map));
  const auto mapped = map.user_of(tenant);
  if (!mapped)
    return fail(ErrorCode::kDenied, name + " is not run on this worker: name it, and its user, in the key tenant-map");
  uid_t uid = ::geteuid();
  if (*mapped != kOwn) {
    if (!is_user_name(*mapped)) return fail(ErrorCode::kInvalid, name + " cannot be the name of a user");
    PORPOISE_TRY(const OsUser user, existing_user(*mapped, name, config));
    if (!stays_itself(config)) uid = user.uid;
  }
  if (uid == 0 && !may_run_as_root(config)) return fail(would_be_root("a task of " + name, config));
  return uid == ::geteuid() ? std::string() : *mapped;
}

Status check_tenants_possible(const WorkerConfig& config) {
  if (::geteuid() != 0 || !stays_itself(config) || may_run_as_root(config)) return {};
  return fail(would_be_root("every task", config));
}

}  // namespace porpoise
