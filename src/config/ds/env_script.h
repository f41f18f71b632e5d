// dolphinscheduler_env.sh as bash means it: what it exports, each value with the line that gave it, in this file or in
// one that it sources.
//
// Values. source_with_bash() and source_env_script() may be called on any thread and wait for bash; read_bash_record()
// is pure.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

// --- Bash, in bash_run.cc: it sources the file, as the stock start.sh does. The file is run, so whoever calls has
// looked whether it can be trusted. What it started and left in bash's process group is ended before the call returns,
// when it takes too long all that it started.

using Variables = std::map<std::string, std::string, std::less<>>;

// Three texts of at most 1 MiB each.
struct BashRecord {
  std::string exports;  // env -0
  std::string trace;    // of set -x: "\1FILE\2LINE\3FOLDER\4DEPTH\5COMMAND\n"; DEPTH of subshells
  std::string errors;
  bool trace_is_whole = true;  // not cut, and the file has not turned it off
};

// `file` is absolute. `environment` is what bash begins with; what steers bash itself (BASH_ENV and the like) and what
// is porpoise's own, secrets among it, is left out, and messages are English. Errors: kNotFound without bash, kTimeout,
// kInvalid when the file ends the shell or exports more than 1 MiB.
Result<BashRecord> source_with_bash(const std::filesystem::path& file, const Variables& environment,
                                    std::chrono::milliseconds limit);

// --- What bash has written about it ---

// A variable that the file exports with another value than it had before.
struct EnvExport {
  std::string name;
  std::string value;
  std::string
      origin;  // "conf/dolphinscheduler_env.sh line 12", or "…, or a file that it sources" where bash does not say
};

struct EnvScript {
  std::string name;  // as it is called in messages
  std::vector<EnvExport> exports;
  std::vector<std::filesystem::path> sourced;  // files that it sourced and that are still there; absolute
  // What bash complained of, with the place. Only what cannot be a part of a secret is repeated: a kind of complaint,
  // and the name of a file that was to be sourced.
  std::vector<std::string> problems;
  std::string gap;  // of these, the one after which something that the file would export may be missing; empty: none
};

inline constexpr std::chrono::milliseconds kEnvScriptLimit{10000};

// Errors: those of source_with_bash, and what keeps the file from being read; they begin with its name.
Result<EnvScript> source_env_script(const std::filesystem::path& file, const Variables& environment,
                                    std::chrono::milliseconds limit = kEnvScriptLimit);

// `file` as bash was given it, `name` as it is called in messages. Texts of any content.
EnvScript read_bash_record(std::string_view file, std::string_view name, const BashRecord& record,
                           const Variables& before);

}  // namespace porpoise
