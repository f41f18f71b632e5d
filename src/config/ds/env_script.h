// dolphinscheduler_env.sh as bash means it: sourced as the stock start.sh does, and what it exports read back, each
// value with the line that gave it, in this file or in one that it sources.
//
// A value, and a function for any thread that waits for bash. The file is run, so whoever calls has looked whether it
// can be trusted. What the file starts is ended before the call returns.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

using Variables = std::map<std::string, std::string, std::less<>>;

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
  std::vector<std::filesystem::path> sourced;  // files that it sourced
  std::vector<std::string> problems;  // what bash complained of: "… line 2: /opt/site.sh: No such file or directory"
  std::string gap;  // of these, the one after which something that the file would export may be missing; empty: none
};

inline constexpr std::chrono::milliseconds kEnvScriptLimit{10000};

// `environment` is what it begins with; what steers bash itself (BASH_ENV and the like) and what is porpoise's own,
// secrets among it, is left out. Errors: kNotFound without bash, kTimeout, kInvalid when the file ends the shell
// (start.sh would end there, too) or exports more than 1 MiB.
Result<EnvScript> source_env_script(const std::filesystem::path& file, const Variables& environment,
                                    std::chrono::milliseconds limit = kEnvScriptLimit);

// What bash wrote while it sourced `name`, taken apart. Pure; texts of any content.
struct BashRecord {
  std::string exports;  // env -0
  std::string trace;    // of set -x: "\1FILE\2LINE\3COMMAND\n"
  std::string errors;
};
EnvScript read_bash_record(std::string_view name, const BashRecord& record, const Variables& before);

}  // namespace porpoise
