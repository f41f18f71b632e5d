// `porpoise config show|check`: the worker's configuration, and where each value of it comes from.
#pragma once

#include <CLI/CLI.hpp>

namespace porpoise {

void add_config_command(CLI::App& app, int& exit_code);

}  // namespace porpoise
