// dolphinscheduler_env.sh as bash means it: what it exports, each value with the line that gave it, in this file or in
// one that it sources.
//
// A value. source_env_script() may be called on any thread and waits for bash (bash_run.h); read_bash_record() is pure.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/ds/bash_run.h"

namespace porpoise {

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
