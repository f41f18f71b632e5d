// What commands share: exit codes, the environment, the standard streams.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "progress/output.h"

namespace porpoise {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // a task failed
  kExitUsage = 2,        // options or files are wrong
  kExitEnvironment = 3,  // something is missing on this machine
  kExitInterrupted = 130,
};

// An environment variable; empty when unset. Valid until the environment changes, which porpoise never does.
std::string_view environment(const char* name);

// The folder of the running program.
std::filesystem::path executable_folder();

Output standard_output(bool no_color = false);

// "porpoise: <error>" on standard error; returns `exit_code`.
int print_error(std::string_view message, int exit_code);
int print_error(const Error& error, int exit_code);

}  // namespace porpoise
