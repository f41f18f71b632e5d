// Has bash source one file, as the stock start.sh does, and gives back what bash wrote about it.
//
// A value, and a function for any thread that waits for bash. The file is run, so whoever calls has looked whether it
// can be trusted. What it started and left in bash's process group is ended before the call returns, when it takes too
// long all that it started.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace porpoise {

using Variables = std::map<std::string, std::string, std::less<>>;

// Three texts of at most 1 MiB each.
struct BashRecord {
  std::string exports;  // env -0
  std::string trace;    // of set -x: "\1FILE\2LINE\3FOLDER\4COMMAND\n"
  std::string errors;
  bool trace_is_whole = true;  // not cut, and the file has not turned it off
};

// `file` is absolute. `environment` is what bash begins with; what steers bash itself (BASH_ENV and the like) and what
// is porpoise's own, secrets among it, is left out, and messages are English. Errors: kNotFound without bash, kTimeout,
// kInvalid when the file ends the shell or exports more than 1 MiB.
Result<BashRecord> source_with_bash(const std::filesystem::path& file, const Variables& environment,
                                    std::chrono::milliseconds limit);

}  // namespace porpoise
