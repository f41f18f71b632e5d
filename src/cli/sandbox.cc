#include "cli/sandbox.h"

#include <unistd.h>

#include <cerrno>
#include <memory>

#include "cli/console.h"
#include "replay/sandbox.h"

namespace porpoise {
namespace {

constexpr int kDefaultPort = 9080;  // OpenMLDB's own APIServer listens there
constexpr int kZookeeperPort = 2181;

// Returns only when it could not be started.
Status become_sandbox(SandboxOptions options) {
  const auto folder = executable_folder();
  PORPOISE_TRY(options.program, find_sandbox_program(environment("PORPOISE_SANDBOX"), folder));
  PORPOISE_TRY(options.python,
               find_python(options.python, environment("PORPOISE_PYTHON"), folder, environment("PATH")));
  std::vector<std::string> command = sandbox_command(options);
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  return fail_errno("cannot start " + command[0], errno);
}

}  // namespace

void add_sandbox_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("sandbox", "Run a stand-in for OpenMLDB, for development");
  const auto options = std::make_shared<SandboxOptions>();
  options->port = kDefaultPort;
  command->add_option("--port", options->port, "on 127.0.0.1; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_option("--dir", options->folder, "keep tables here; default: a temporary folder");
  command->add_option("--timezone", options->time_zone, "zone in which texts are read as timestamps");
  command->add_option("--python", options->python, "interpreter with duckdb and sqlglot");
  command->add_flag("--exit-with-stdin", options->exit_with_stdin, "end when standard input ends");
  CLI::Option* const cluster =
      command->add_flag("--cluster", options->cluster, "also be a cluster that OpenMLDB's SDKs find through ZooKeeper");
  CLI::Option* const zookeeper =
      command->add_option("--zk", options->zookeeper, "HOST:PORT of a ZooKeeper that runs; default: start Debian's")
          ->needs(cluster);
  options->zookeeper_port = kZookeeperPort;
  command->add_option("--zk-port", options->zookeeper_port, "of the ZooKeeper to start; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str()
      ->needs(cluster)
      ->excludes(zookeeper);
  command->add_option("--zk-path", options->zookeeper_path, "root path of the cluster; default: /openmldb")
      ->needs(cluster);
  command->callback([options, &exit_code] {
    if (const Status status = become_sandbox(*options); !status)
      exit_code = print_error(status.error(), kExitEnvironment);
  });
}

}  // namespace porpoise
