// The tar that `porpoise doctor --bundle` writes, for whoever helps: texts, without secrets.
//
// Values and free functions; any thread. Reading blocks on the disk. Of tasks only names and sizes of files are in it:
// what they ask for and write is their owners'.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace porpoise {

struct BundleFile {
  std::string name;  // at most 99 bytes
  std::string content;
};

// POSIX.1-1988 (ustar), as every tar reads it. Pure.
std::string to_tar(const std::vector<BundleFile>& files, std::int64_t now_ms);

// With mode 0600, all or nothing.
Status write_bundle(const std::filesystem::path& file, const std::vector<BundleFile>& files, std::int64_t now_ms);

// Version, kernel, distribution, limits, mounts and cgroup of this process.
std::string describe_system();

// The files of the tasks in a data folder: size and name, a line each; at most some thousands.
std::string list_task_files(const std::filesystem::path& data_dir);

}  // namespace porpoise
