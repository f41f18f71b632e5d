// Lets a tenant work in a folder that this process has made.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "process/user.h"

namespace porpoise {

// Root gives the folder away. Anybody else shares it by access lists (acl(5)): both may write there, also to what the
// other makes, and nobody else may.
Status let_work_in(const std::filesystem::path& folder, const OsUser& user);

}  // namespace porpoise
