// The parts of the command line that tests parse alone, and that the rest of this folder does not need.
//
// Free functions, main thread. `exit_code` is set when the command has run, and must outlive the parsing of `app`.
#pragma once

namespace CLI {
class App;
}

namespace porpoise {

struct WorkerFlags;

// One flag per key of config/settings_table.h, for every command that has them. `flags` must outlive the parsing.
void declare_worker_flags(CLI::App& command, WorkerFlags& flags);

void add_config_command(CLI::App& app, int& exit_code);
void add_eval_command(CLI::App& app, int& exit_code);
void add_plugins_command(CLI::App& app, int& exit_code);

}  // namespace porpoise
