#include "process/user.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace porpoise {
namespace {

constexpr std::size_t kEntryBytes = 64U << 10U;  // of one user; getpwnam_r fails beyond

}  // namespace

Result<OsUser> find_user(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kEntryBytes);
  const int problem = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return OsUser{name, found->pw_uid, found->pw_gid, found->pw_dir};
  if (problem != 0 && problem != ENOENT && problem != ESRCH) return fail_errno("cannot look up user " + name, problem);
  return fail(ErrorCode::kNotFound, "user " + name + " does not exist on this machine");
}

std::string user_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kEntryBytes);
  ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(uid) : found->pw_name;
}

void use_environment_of(const OsUser& user) {
  ::setenv("HOME", user.home.c_str(), 1);
  ::setenv("USER", user.name.c_str(), 1);
  ::setenv("LOGNAME", user.name.c_str(), 1);
}

Status become_user(const OsUser& user) {
  if (::initgroups(user.name.c_str(), user.gid) != 0 || ::setresgid(user.gid, user.gid, user.gid) != 0 ||
      ::setresuid(user.uid, user.uid, user.uid) != 0)
    return fail_errno("cannot become user " + user.name, errno);
  use_environment_of(user);
  return {};
}

}  // namespace porpoise
