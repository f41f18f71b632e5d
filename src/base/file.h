// Whole files: read with a cap, written so that a reader or a crash sees the old content or the new, never a part; and
// whose files to trust. Free functions; any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

// Whole files: read with a cap, and write so that a reader or a crash sees the old content or the new, never a part.

// The content of a regular file of at most `max_bytes`; a larger one is refused before it is read.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

// The same of a descriptor, from where it stands to its end; `name` is for errors.
Result<std::string> read_descriptor(int fd, std::size_t max_bytes, const std::string& name);

enum class Durability {
  kAtomic,   // tmp + rename: no reader sees a half-written file
  kDurable,  // also fsync of file and folder: it survives a power cut
};

// Writes `<path>.tmp` with `mode`, then renames it over `path`.
Status write_file(const std::filesystem::path& path, std::string_view content, unsigned mode, Durability durability);

// Gives this user back what it may do in `folder` and in the two above it, where it owns them: a program of the same
// user can have taken that by chmod. True: something has changed, so that it is worth another try.
bool restore_own_access(const std::filesystem::path& folder);

// Whose files decide what porpoise runs, its plugins and its configuration: the rule that keeps other users out of it.
//
// Reads file modes only. A file is trusted when it and the folder it really lies in (symbolic links resolved)
//  - belong to root, to the current user, or to the owner of the running executable, who could replace that as well;
//  - cannot be written by everybody, unless it is the folder of a file, and sticky;
//  - cannot be written by a group, unless that is root's or the owner's private one (umask 002 makes such files).

// ErrorCode::kDenied with the reason and the command that helps.
Status check_trusted_folder(const std::filesystem::path& folder);
Status check_trusted_file(const std::filesystem::path& file);

}  // namespace porpoise
