// Users of the operating system, and becoming one for good.
//
// Free functions. NSS answers, so users of a directory service count; that may block.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace porpoise {

struct OsUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

// ErrorCode::kNotFound when there is none.
Result<OsUser> find_user(const std::string& name);

// The number itself for one without a name.
std::string user_name(uid_t uid);

// HOME, USER and LOGNAME of this process, and of what it starts, become the user's.
void use_environment_of(const OsUser& user);

// All ids and groups of this process become the user's, and its environment. There is no way back. Only root can. It
// clears PR_SET_PDEATHSIG and PR_SET_DUMPABLE, as the kernel does for whoever changes their ids.
Status become_user(const OsUser& user);

}  // namespace porpoise
