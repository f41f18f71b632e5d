// `porpoise replay FILE`: runs an exported workflow on this machine.
#pragma once

#include <CLI/CLI.hpp>

namespace porpoise {

void add_replay_command(CLI::App& app, int& exit_code);

}  // namespace porpoise
