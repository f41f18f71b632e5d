// The operating system's user that a task runs as (3.1 `TaskExecutionCheckerUtils.checkTenantExist`).
//
// Free functions; they ask NSS, so LDAP users count, and may block for as long as that does: on the control thread ask
// a TenantResolver.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/blocking_calls.h"
#include "base/result.h"
#include "config/worker_config.h"

namespace porpoise {

// The user to become, or to act as through sudo; empty: stay who the worker is. Errors say what to do: the tenant has
// no user here (kNotFound), or its user is root, whatever its name is and whoever the worker is.
Result<std::string> resolve_tenant(const std::string& tenant_code, const WorkerConfig& config);

// Whether this worker makes the user of a tenant that has none.
bool may_create_tenants(const WorkerConfig& config);
// Makes it (useradd); waits for that for 25 s at most.
Status create_tenant(const std::string& tenant_code, const WorkerConfig& config);

// Whether a task may run as root here.
bool may_run_as_root(const WorkerConfig& config);

// Whether there can be any task that it is not refused to: not where all would run as root without leave.
Status check_tenants_possible(const WorkerConfig& config);

// Asks who the user of a tenant is without waiting for the answer: a directory service may take seconds, or for ever,
// and the tasks of other tenants continue meanwhile.
//
// Owned by TaskExecutor; the control thread, with the asking on BlockingCalls' threads. There is one question per
// tenant at a time, whose answer goes to all tasks that wait for it; a user that was found is known for some seconds. A
// service that has not answered in time fails the tasks, by name; while it still has not, it is not asked again for
// that tenant.
class TenantResolver {
 public:
  // What resolve_tenant() gives: the user to become, or empty.
  using Done = std::function<void(const Result<std::string>& user)>;

  // What may block. It is called on other threads, also after the resolver is gone.
  struct Source {
    std::function<Result<std::string>(const std::string& tenant_code)> look_up;  // kNotFound: there is no user
    std::function<Status(const std::string& tenant_code)> create;                // none: users are not made here
  };
  static Source system_source(const WorkerConfig& config);

  struct Times {
    std::chrono::milliseconds look_up{5000};
    std::chrono::milliseconds create{30'000};
    std::chrono::milliseconds known{10'000};  // how long a user that was found is not looked up again
  };

  TenantResolver(BlockingCalls& calls, Source source, Times times);
  TenantResolver(BlockingCalls& calls, Source source) : TenantResolver(calls, std::move(source), Times{}) {}
  TenantResolver(const TenantResolver&) = delete;
  TenantResolver& operator=(const TenantResolver&) = delete;

  // From now on, instead of the source so far; what that one has said is forgotten.
  void use(Source source);

  // `done` is called once, possibly from inside.
  void resolve(const std::string& tenant_code, Done done);

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    std::string user;
    Clock::time_point until;
  };
  struct Question {
    std::vector<Done> waiting;
    bool overdue = false;
  };

  void look_up(const std::string& tenant_code, bool may_create);
  void looked_up(const std::string& tenant_code, const Result<std::string>& user, bool may_create);
  void create(const std::string& tenant_code);
  void remember(const std::string& tenant_code, const std::string& user);
  void answer(const std::string& tenant_code, const Result<std::string>& user);
  Error overdue(const std::string& tenant_code, const char* what, std::chrono::milliseconds limit);

  BlockingCalls& calls_;
  Source source_;
  const Times times_;
  std::uint64_t generation_ = 0;  // of source_
  std::map<std::string, Known> known_;
  std::map<std::string, Question> questions_;
};

}  // namespace porpoise
