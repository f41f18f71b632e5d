#include "worker/tenant.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <utility>

#include "process/spawn.h"
#include "process/sudo_user.h"
#include "process/user.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxNameBytes = 32;  // of useradd
constexpr const char* kUseradd = "/usr/sbin/useradd";

// [a-z_][a-z0-9_-]*[$]? and upper-case letters, which some directories have: nothing a command could take for an
// option.
bool is_user_name(const std::string& name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool fine = std::isalpha(c) != 0 || c == '_' || (i > 0 && (std::isdigit(c) != 0 || c == '-' || c == '.')) ||
                      (c == '$' && i > 0 && i + 1 == name.size());
    if (!fine) return false;
  }
  return true;
}

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
  return fail(Code::kDenied, "useradd could not create tenant \"" + name +
                                 "\", what it said is in the worker's own log: " +
                                 "create the user, or let the worker do it (root, or sudo -n useradd)");
}

}  // namespace

Result<std::string> resolve_tenant(const std::string& tenant_code, const TenantRules& rules) {
  // 3.2 calls the worker's own user so.
  if (tenant_code.empty() || tenant_code == "default") return std::string();
  const std::string name = "tenant \"" + tenant_code + "\"";
  if (!is_user_name(tenant_code)) return fail(Code::kInvalid, name + " cannot be the name of a user");
  auto user = find_user(tenant_code);
  if (!user) {
    const std::string missing = name + " does not exist on this machine: create the user (useradd " + tenant_code +
                                "), or let the worker do it (tenant-auto-create: true)";
    const bool may_create = ::geteuid() == 0 || rules.switch_user;  // without sudo nobody but root can
    if (!rules.auto_create || !may_create) return fail(Code::kNotFound, missing);
    PORPOISE_CHECK(create_user(tenant_code));
    user = find_user(tenant_code);
    if (!user) return fail(Code::kNotFound, missing);
  }
  return rules.switch_user && user->uid != ::geteuid() ? tenant_code : std::string();
}

}  // namespace porpoise
