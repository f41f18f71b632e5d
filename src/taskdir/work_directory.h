// The working directory of a task, and how a tenant may work in it. Free functions; any thread; they block on the disk.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "model/request.h"
#include "process/user.h"

namespace porpoise {

// Root gives the folder away. Anybody else shares it by access lists (acl(5)): both may write there, also to what the
// other makes, and no other user may.
Status let_work_in(const std::filesystem::path& folder, const OsUser& user);

// The working directory of one task: made empty before it, removed with everything in it afterwards, and with it the
// folders of its workflow instance, definition, project and tenant that nobody else has anything in.

// Refuses paths that cannot be meant: empty, relative, "/", with a part "." or "..", or one that the task's log or
// state lies in.
Status check_work_directory(const TaskRequest& request, const std::filesystem::path& state_dir);

// Checks the path first. What an earlier attempt left there is removed: 3.1 runs its stale files instead. The tenant
// may write there. `tenant`: the request's run_as. In what is made of a master's words (TaskFolder) no link is
// followed, and nothing is done in a folder that belongs to another user (kDenied).
Status make_work_directory(const TaskRequest& request, const std::filesystem::path& state_dir, const SudoUser& tenant);

// Also removes what the task made unreadable for us. Call it for a request that has been checked.
Status remove_work_directory(const TaskRequest& request, const SudoUser& tenant);

// The tenant's part of that: removes what it can of what is in the folder.
void clear_folder(const std::filesystem::path& folder);

}  // namespace porpoise
