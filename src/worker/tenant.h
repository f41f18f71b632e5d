// The operating system's user that a task runs as (3.1 `TaskExecutionCheckerUtils.checkTenantExist`).
//
// Free functions; they ask NSS, so LDAP users count, and may block for as long as that does: on the control thread ask
// a TenantResolver.
#pragma once

#include <string>

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

}  // namespace porpoise
