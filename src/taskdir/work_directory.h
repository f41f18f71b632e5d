// The working directory of a task, how a tenant may work in it, and how it is removed with all that a stranger has put
// into it. Free functions; any thread; they block for as long as the disk takes.
#pragma once

#include <filesystem>
#include <string>

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

// --- Removal, in folder_tree.cc: trees of any depth, with names and rights that a stranger has chosen, without ever
// following a link out of them. Each step goes from an open folder to one of its entries.

// The entry `name` of the open folder `parent`, with everything in it; a link is removed, not what it leads to.
// Makes readable first what this user owns and may not read. It is no error when there is nothing. kDenied: somebody
// else owns a part of it.
Status remove_tree(int parent, const std::string& name);

// Everything in the open folder, as far as this user may; the folder itself stays.
void empty_folder(int folder);

}  // namespace porpoise
