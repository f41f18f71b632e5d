// Whole files: read with a cap, and write so that a reader or a crash sees the old content or the new, never a part.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

// The content of a regular file of at most `max_bytes`; a larger one is refused before it is read.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

// The same of a descriptor, from where it stands to its end; `name` is for errors.
Result<std::string> read_descriptor(int fd, std::size_t max_bytes, const std::string& name);

enum class Durability {
  kAtomic,   // tmp + rename: nobody sees a half-written file
  kDurable,  // also fsync of file and folder: it survives a power cut
};

// Writes `<path>.tmp` with `mode`, then renames it over `path`.
Status write_file(const std::filesystem::path& path, std::string_view content, unsigned mode, Durability durability);

}  // namespace porpoise
