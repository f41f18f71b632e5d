// `porpoise worker`: joins a DolphinScheduler 3.1 cluster and runs its tasks.
#pragma once

#include <CLI/CLI.hpp>

namespace porpoise {

void add_worker_command(CLI::App& app, int& exit_code);

}  // namespace porpoise
