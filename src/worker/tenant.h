// The operating system's user that a task runs as (3.1 `TaskExecutionCheckerUtils.checkTenantExist`).
//
// Free functions; they ask NSS, so LDAP users count, and may block for as long as that does.
#pragma once

#include <string>

#include "base/result.h"

namespace porpoise {

struct TenantRules {
  bool switch_user = true;   // sudo.enable: run as the tenant, not as the worker
  bool auto_create = false;  // tenant-auto-create: useradd for one that does not exist
};

// The user to become, or to act as through sudo; empty: stay who the worker is. Errors say what to do: the tenant does
// not exist, or its name is none.
Result<std::string> resolve_tenant(const std::string& tenant_code, const TenantRules& rules);

}  // namespace porpoise
