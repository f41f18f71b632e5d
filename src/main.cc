// porpoise: the command line. Each subcommand is one file in cli/.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "base/nearest.h"
#include "cli/config.h"
#include "cli/console.h"
#include "cli/doctor.h"
#include "cli/eval.h"
#include "cli/plugins.h"
#include "cli/replay.h"
#include "cli/sandbox.h"
#include "cli/worker.h"

namespace porpoise {
namespace {

int run(int argc, char** argv) {
  int exit_code = kExitOk;
  CLI::App app("A native worker for Apache DolphinScheduler 3.1, and a runner for its workflows on this machine.",
               "porpoise");
  app.set_version_flag("--version", "porpoise " PORPOISE_VERSION);
  app.require_subcommand(1);
  add_replay_command(app, exit_code);
  add_eval_command(app, exit_code);
  add_config_command(app, exit_code);
  add_plugins_command(app, exit_code);
  add_sandbox_command(app, exit_code);
  add_doctor_command(app, exit_code);
  add_worker_command(app, exit_code);

  const std::string first = argc > 1 ? argv[1] : "";
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (!first.empty() && first[0] != '-' && std::find(names.begin(), names.end(), first) == names.end())
    return print_error("unknown command '" + first + "'" + did_you_mean(first, names) + "; see porpoise --help",
                       kExitUsage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    if (asked) return app.exit(error);
    return print_error(std::string(error.what()) + "; see porpoise " + first + " --help", kExitUsage);
  }
  return exit_code;
}

}  // namespace
}  // namespace porpoise

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), not our end
  return porpoise::run(argc, argv);
}
