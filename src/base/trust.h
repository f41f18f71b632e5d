// Whose files decide what porpoise runs, its plugins and its configuration: the rule that keeps other users out of it.
//
// Reads file modes only. A file is trusted when it and the folder it really lies in (symbolic links resolved)
//  - belong to root, to the current user, or to the owner of the running executable, who could replace that as well;
//  - cannot be written by everybody, unless it is the folder of a file, and sticky;
//  - cannot be written by a group, unless that is root's or the owner's private one (umask 002 makes such files).
#pragma once

#include <filesystem>

#include "base/result.h"

namespace porpoise {

// ErrorCode::kDenied with the reason and the command that helps.
Status check_trusted_folder(const std::filesystem::path& folder);
Status check_trusted_file(const std::filesystem::path& file);

}  // namespace porpoise
