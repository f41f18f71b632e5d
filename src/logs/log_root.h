// The folder of the task logs, and the only way from a path that a peer sent to a file. 3.1 compares strings and
// follows links (`LoggerRequestProcessor.checkPathSecurity`, CVE-2022-26884); here nothing outside the folder is ever
// opened or removed, and nothing in it that is not a task log: <yyyyMMdd>/<digits>_<digits>-<digits>-<digits>.log, a
// regular file with one name, of a trusted owner, reached without a symbolic link.
//
// Belongs to the log service, on its thread. Holds a descriptor of the folder, and follows when the configured path
// leads to another one: a volume mounted late, a folder made anew.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// The task instance whose log has this path, by its name; nothing when it is not the name of a task log. Pure.
std::optional<std::int64_t> task_instance_of(std::string_view log_path);

class LogRoot {
 public:
  // Makes the folder when it is missing.
  static Result<LogRoot> open(const std::filesystem::path& folder, Resolve resolve = Resolve::kByKernel);

  const std::string& folder() const { return folder_; }

  // `path` as a peer sends it: absolute, beginning with the folder as configured or with its canonical path. Errors:
  // kDenied for what is no task log of ours, kNotFound, kIo.
  Result<UniqueFd> open_log(std::string_view path);

  // By the same rules; success also when there is no such file. The folder of that day goes when it became empty.
  Status remove_log(std::string_view path);

 private:
  struct Name {
    std::string day;
    std::string file;
  };
  // A file that passed, and the folder it is in.
  struct Found {
    UniqueFd day;
    UniqueFd file;
  };

  LogRoot(std::string folder, Resolve resolve) : folder_(std::move(folder)), resolve_(resolve) {}

  Status follow();
  Result<Name> parse(std::string_view path) const;
  Result<Found> find(const Name& name, int access) const;
  Result<UniqueFd> open_beneath(const UniqueFd& folder, const std::string& name, int flags) const;
  Status check(const UniqueFd& file) const;

  std::string folder_;     // absolute, as configured
  std::string canonical_;  // the same without links
  Resolve resolve_;
  UniqueFd fd_;
  struct stat info_ {};  // of fd_
};

}  // namespace porpoise
