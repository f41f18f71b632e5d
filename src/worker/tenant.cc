#include "worker/tenant.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/network_address.h"
#include "config/worker_config.h"
#include "process/process_info.h"
#include "process/spawn.h"
#include "process/user.h"

namespace porpoise {
namespace {

constexpr const char* kUseradd = "/usr/sbin/useradd";
// It waits for up to 15 s for others who change the list of users, and may ask a directory service.
constexpr std::chrono::seconds kUseraddLimit{25};
constexpr const char* kOwn = "default";  // 3.2 calls the worker's own user so

// The wait status. One that does not end is killed, if we may; and after that it is not waited for.
Result<int> wait_for(pid_t pid) {
  pollfd end{open_pidfd(pid).release(), POLLIN, 0};
  const UniqueFd owner(end.fd);
  const auto limit = std::chrono::steady_clock::now() + kUseraddLimit;
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      if (::kill(-pid, SIGKILL) == 0) ::waitpid(pid, &status, 0);
      return fail(ErrorCode::kUnavailable,
                  "useradd has not ended within " + std::to_string(kUseraddLimit.count()) + " s");
    }
    ::poll(&end, 1, static_cast<int>(left.count()));
  }
  return status;
}

Status create_user(const std::string& name) {
  SpawnSpec spec;
  spec.argv = {kUseradd, "--no-create-home", name};
  if (const SudoUser root("root", ""); root.needed()) {
    PORPOISE_TRY(spec.argv, root.command(std::move(spec.argv)));
  }
  spec.fds = {STDIN_FILENO, STDERR_FILENO, STDERR_FILENO};
  spec.own_group = true;
  PORPOISE_TRY(const pid_t pid, spawn(spec));
  PORPOISE_TRY(const int status, wait_for(pid));
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

std::string called(const std::string& tenant_code) {
  return "tenant \"" + (tenant_code.empty() ? kOwn : tenant_code) + "\"";
}

// The user of the tenant, or "default".
Result<std::string> mapped_user(const std::string& tenant_code, const WorkerConfig& config) {
  const std::string name = called(tenant_code);
  PORPOISE_TRY(const TenantMap map, TenantMap::parse(config.tenant_map));
  auto mapped = map.user_of(tenant_code.empty() ? kOwn : tenant_code);
  if (!mapped)
    return fail(ErrorCode::kDenied, name + " is not run on this worker: name it, and its user, in the key tenant-map");
  if (*mapped != kOwn && !is_user_name(*mapped))
    return fail(ErrorCode::kInvalid, name + " cannot be the name of a user");
  return *std::move(mapped);
}

// `name` as messages call the tenant.
Result<OsUser> existing_user(const std::string& user_name, const std::string& name) {
  auto user = find_user(user_name);
  if (user || user.error().code() != ErrorCode::kNotFound) return user;
  return fail(ErrorCode::kNotFound, name + " does not exist on this machine: create the user (useradd " + user_name +
                                        "), or let the worker do it (tenant-auto-create: true)");
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
  const std::string name = called(tenant_code);
  PORPOISE_TRY(const std::string mapped, mapped_user(tenant_code, config));
  uid_t uid = ::geteuid();
  if (mapped != kOwn) {
    PORPOISE_TRY(const OsUser user, existing_user(mapped, name));
    if (!stays_itself(config)) uid = user.uid;
  }
  if (uid == 0 && !may_run_as_root(config)) return fail(would_be_root("a task of " + name, config));
  return uid == ::geteuid() ? std::string() : mapped;
}

bool may_create_tenants(const WorkerConfig& config) {
  return config.tenant_auto_create && (::geteuid() == 0 || config.sudo);  // without sudo only root can
}

Status create_tenant(const std::string& tenant_code, const WorkerConfig& config) {
  PORPOISE_TRY(const std::string mapped, mapped_user(tenant_code, config));
  return create_user(mapped);
}

Status check_tenants_possible(const WorkerConfig& config) {
  if (::geteuid() != 0 || !stays_itself(config) || may_run_as_root(config)) return {};
  return fail(would_be_root("every task", config));
}

namespace {

constexpr std::size_t kMaxKnown = 1000;

}  // namespace

TenantResolver::Source TenantResolver::system_source(const WorkerConfig& config) {
  const auto kept = std::make_shared<const WorkerConfig>(config);  // for calls that outlive the worker
  Source source;
  source.look_up = [kept](const std::string& tenant_code) { return resolve_tenant(tenant_code, *kept); };
  if (may_create_tenants(config))
    source.create = [kept](const std::string& tenant_code) { return create_tenant(tenant_code, *kept); };
  return source;
}

TenantResolver::TenantResolver(BlockingCalls& calls, Source source, Times times)
    : calls_(calls), source_(std::move(source)), times_(times) {}

void TenantResolver::resolve(const std::string& tenant_code, Done done) {
  if (const auto found = known_.find(tenant_code); found != known_.end() && Clock::now() < found->second.until)
    return done(found->second.user);
  Question& question = questions_[tenant_code];
  if (question.overdue) return done(fail(overdue(tenant_code, "looked up", times_.look_up)));
  question.waiting.push_back(std::move(done));
  if (question.waiting.size() == 1) look_up(tenant_code, static_cast<bool>(source_.create));
}

void TenantResolver::use(Source source) {
  source_ = std::move(source);
  ++generation_;
  known_.clear();
}

void TenantResolver::look_up(const std::string& tenant_code, bool may_create) {
  calls_.call(
      "the look-up of tenant \"" + tenant_code + "\"", times_.look_up,
      [ask = source_.look_up, tenant_code] { return ask(tenant_code); },
      [this, tenant_code, may_create, asked = generation_](const Result<std::string>& user) {
        if (asked != generation_) return look_up(tenant_code, static_cast<bool>(source_.create));
        looked_up(tenant_code, user, may_create);
      },
      [this, tenant_code, asked = generation_](const Result<std::string>& user) {  // late: for those who come next
        questions_.erase(tenant_code);
        if (user && asked == generation_) remember(tenant_code, *user);
      });
}

void TenantResolver::looked_up(const std::string& tenant_code, const Result<std::string>& user, bool may_create) {
  if (user) {
    remember(tenant_code, *user);
    return answer(tenant_code, user);
  }
  switch (user.error().code()) {
    case ErrorCode::kNotFound: return may_create ? create(tenant_code) : answer(tenant_code, user);
    case ErrorCode::kTimeout: {
      questions_[tenant_code].overdue = true;
      return answer(tenant_code, fail(overdue(tenant_code, "looked up", times_.look_up)));
    }
    case ErrorCode::kUnavailable:
      return answer(tenant_code, fail(user.error().wrap("the name service of this machine does not answer")));
    default: return answer(tenant_code, user);
  }
}

void TenantResolver::create(const std::string& tenant_code) {
  const auto answer_late = [this, tenant_code](const Status&) { questions_.erase(tenant_code); };
  calls_.call(
      "making a user for tenant \"" + tenant_code + "\"", times_.create,
      [make = source_.create, tenant_code] { return make(tenant_code); },
      [this, tenant_code](const Status& made) {
        if (made) return look_up(tenant_code, false);
        if (made.error().code() != ErrorCode::kTimeout) return answer(tenant_code, fail(made.error()));
        questions_[tenant_code].overdue = true;
        answer(tenant_code, fail(overdue(tenant_code, "made", times_.create)));
      },
      answer_late);
}

void TenantResolver::remember(const std::string& tenant_code, const std::string& user) {
  const auto now = Clock::now();
  if (known_.size() >= kMaxKnown) std::erase_if(known_, [now](const auto& one) { return one.second.until <= now; });
  if (known_.size() < kMaxKnown) known_[tenant_code] = {user, now + times_.known};
}

void TenantResolver::answer(const std::string& tenant_code, const Result<std::string>& user) {
  Question& question = questions_[tenant_code];
  const std::vector<Done> waiting = std::exchange(question.waiting, {});
  if (!question.overdue) questions_.erase(tenant_code);
  for (const Done& done : waiting) done(user);
}

Error TenantResolver::overdue(const std::string& tenant_code, const char* what, std::chrono::milliseconds limit) {
  return {ErrorCode::kTimeout, "the user of tenant \"" + tenant_code + "\" could not be " + what + " within " +
                                   in_seconds(limit) + ": the name service of this machine does not answer"};
}

}  // namespace porpoise
