// The subcommands of `porpoise`, each defined in the file of its name, and what they share.
//
// Free functions, called by command_line.cc on the main thread with the options as typed. They return the exit code.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/worker_settings.h"
#include "progress/output.h"

namespace CLI {
class App;
}

namespace porpoise {

struct CommandEntry;   // cli/command_tree.h
struct ReplayOptions;  // cli/replay_input.h

// The flags of the worker's configuration, one per key of config/settings_table.h, for every command that has them.
struct WorkerFlags {
  std::filesystem::path config;   // --config, porpoise.yaml
  std::filesystem::path ds_conf;  // --ds-conf, the folder of a stock worker's configuration
  FlagValues values;              // those that were given
};

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // a task failed
  kExitUsage = 2,        // options or files are wrong
  kExitEnvironment = 3,  // something is missing on this machine
  kExitInterrupted = 130,
};

// Parses the words of the command line and runs the subcommand they name. All that CLI11 does is behind it.
int run_command_line(int argc, char** argv);

// Its parts that tests parse alone. `exit_code` is set when the command has run, and must outlive the parsing of `app`.
// declare_worker_flags: one flag per key of config/settings_table.h; `flags` must outlive the parsing, too.
void declare_worker_flags(CLI::App& command, WorkerFlags& flags);
void add_config_command(CLI::App& app, int& exit_code);
void add_eval_command(CLI::App& app, int& exit_code);
void add_plugins_command(CLI::App& app, int& exit_code);

// `porpoise replay FILE`: runs an exported workflow on this machine.
int run_replay(const ReplayOptions& options);

// `porpoise worker`: joins a DolphinScheduler 3.1 cluster and runs its tasks.
int run_worker(const WorkerFlags& flags);

Variables process_environment();

// With the files as they are now, and the environment of this process unless another one is given.
Result<ResolvedSettings> resolve_worker_flags(const WorkerFlags& flags, Variables variables = process_environment());

// Takes the secrets out of the environment, where tasks would inherit them and /proc would show them. Call it once they
// are resolved, before threads start.
void hide_secrets();

// `porpoise config show|check`: the worker's configuration, and where each value of it comes from.
int show_config(const WorkerFlags& flags, bool as_json);
int check_config(const WorkerFlags& flags);
std::string settings_as_json(const ResolvedSettings& resolved);  // secrets are "****"

// `porpoise eval params|switch`: what a placeholder text or a SWITCH condition becomes. One expression as an argument,
// or JSON lines from standard input to standard output. Exit codes: 0; 1 when the expression given as an argument is
// wrong; 2 for wrong options and input lines.
struct EvalOptions {
  std::string expression;
  bool has_expression = false;
  std::vector<std::string> set;
  std::string datetime;
  std::string time_zone;
  std::string compat = "3.1.5";
};
int eval_params(const EvalOptions& options);
int eval_switch(const EvalOptions& options);

// `porpoise plugins list|describe`: what the notes of the plugins say. No plugin is loaded.
struct PluginsOptions {
  std::vector<std::filesystem::path> folders;
  std::string type;
  bool json = false;
};
int list_plugins(const PluginsOptions& options);
int describe_plugin(const PluginsOptions& options);

// `porpoise doctor`: what a worker would lack on this machine, and what mends it. Exit codes: 0; 1 with warnings; 3 with
// faults.
struct DoctorOptions {
  WorkerFlags worker;
  bool json = false;
  std::filesystem::path bundle;  // a tar to write, without secrets; empty: none
};
int run_doctor(const DoctorOptions& options);

// `porpoise doctor NAME`, `porpoise sandbox [NAME]`: become a program that a plugin brings along, which looks at what
// its tasks need, or stands in for what they talk to. `words`: all that follows the subcommand.
int run_plugin_doctor(const std::vector<std::string>& words);
int run_sandbox(const std::vector<std::string>& words);
std::string list_plugin_doctors();  // a name a line, for a help

// What porpoise tells about itself, in documents.cc: `porpoise --version`, `porpoise help --man [COMMAND]` and
// `--man-dir DIR` (DIR/man1, DIR/man5), `porpoise completion bash` and what its script asks for with each TAB (the
// words after "porpoise", the last of which is being typed), `porpoise config example`. `name`: "porpoise-worker".
struct BuildFacts {
  std::string_view version;  // "0.1.0"
  std::string_view commit;   // "unknown" where it was not built from a repository
  std::string_view date;     // of the commit
};
const BuildFacts& build_facts();
std::string version_text();
int print_man_page(const CommandEntry& root, const std::string& name);
int write_man_pages(const CommandEntry& root, const std::filesystem::path& folder);
int print_completion_script(const std::string& shell);
int print_completions(const CommandEntry& root, const std::vector<std::string>& words);
int print_config_example();

// An environment variable; empty when unset. Valid until the environment changes, which porpoise never does.
std::string_view environment(const char* name);

// The folder of the running program.
std::filesystem::path executable_folder();

// The folders to search for plugins: those given, PORPOISE_PLUGIN_PATH, then those of the build tree or installation of
// the running executable.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::filesystem::path>& explicit_folders);
std::vector<std::filesystem::path> plugin_folders(const WorkerConfig& config);  // of a worker: its plugin-dir is first

Output standard_output(bool no_color = false);

// "porpoise: <error>" on standard error; returns `exit_code`.
int print_error(std::string_view message, int exit_code);
int print_error(const Error& error, int exit_code);

// `exit_code`, or 3 with a message when it says success and not all could be written.
int finished(const Output& output, int exit_code);

}  // namespace porpoise
