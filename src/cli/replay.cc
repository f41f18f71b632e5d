#include "cli/replay.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "base/file.h"
#include "cli/console.h"
#include "cli/plugins.h"
#include "cli/replay_input.h"
#include "cli/replay_options.h"
#include "replay/listing.h"
#include "replay/local_resources.h"
#include "replay/runner.h"
#include "replay/sandbox.h"
#include "replay/summary.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDrySandbox = "http://127.0.0.1:9080";  // named by the plans of a dry run, which starts none
constexpr std::chrono::seconds kSandboxStart{60};  // the first import of duckdb from a cold disk takes seconds

StatusFormat status_format(const ReplayOptions& options, const Output& out) {
  if (options.json) return StatusFormat::kJson;
  if (options.quiet) return StatusFormat::kQuiet;
  return out.traits().terminal ? StatusFormat::kTerminal : StatusFormat::kPlain;
}

// What a run needs of this machine. Errors are those of the environment.
struct Machine {
  fs::path host_binary;
  fs::path python;  // --python, or empty
  std::unique_ptr<RunDirectory> directory;
  std::unique_ptr<Sandbox> sandbox;
};

Result<std::unique_ptr<Sandbox>> start_sandbox(boost::asio::io_context& io, const ReplayOptions& options,
                                               const RunDirectory& directory) {
  const fs::path folder = executable_folder();
  SandboxOptions sandbox;
  PORPOISE_TRY(sandbox.program, find_sandbox_program(environment("PORPOISE_SANDBOX"), folder));
  PORPOISE_TRY(sandbox.python,
               find_python(options.python, environment("PORPOISE_PYTHON"), folder, environment("PATH")));
  sandbox.port = options.sandbox_port;
  sandbox.folder = options.sandbox_dir.empty() ? fs::path() : fs::absolute(options.sandbox_dir);
  return Sandbox::start(io, std::move(sandbox), directory.root() / "sandbox.log", kSandboxStart);
}

// Found out now rather than after an hour of work.
Status check_summary_place(const fs::path& file) {
  if (file.empty()) return {};
  const fs::path folder = fs::absolute(file).parent_path();
  if (::access(folder.c_str(), W_OK) == 0) return {};
  return fail_errno("cannot write summary " + file.string(), errno);
}

Result<Machine> prepare_machine(boost::asio::io_context& io, const ReplayOptions& options, const ReplayInput& input) {
  Machine machine;
  PORPOISE_TRY_VOID(check_summary_place(options.summary));
  PORPOISE_TRY(machine.host_binary, usable_host_binary());
  if (!options.python.empty()) {
    PORPOISE_TRY(machine.python, find_python(options.python, "", executable_folder(), environment("PATH")));
  }
  fs::path root = options.run_dir;
  if (root.empty()) {
    PORPOISE_TRY(root, default_run_directory(input));
  }
  PORPOISE_TRY(RunDirectory directory, RunDirectory::create(root, time_text(input.time, "yyyyMMdd")));
  machine.directory = std::make_unique<RunDirectory>(std::move(directory));
  if (options.sandbox && !options.dry_run) {
    PORPOISE_TRY(machine.sandbox, start_sandbox(io, options, *machine.directory));
  }
  return machine;
}

// All OPENMLDB tasks go to the sandbox, and so does a predict server that the workflow tells its APIServer.
void use_sandbox(const std::string& url, ReplayInput& input, RunSettings& settings) {
  if (const auto found = settings.plugins.find("OPENMLDB"); found != settings.plugins.end()) {
    found->second.config["apiservers"] = {{"*", url}};
    found->second.config["sdk"] = false;
    found->second.config["settleMillis"] = 0;  // its jobs do not change their minds
  }
  for (const Property& global : input.workflow().global_params)
    if (global.prop == "apiserver") input.overrides.emplace("apiserver", url.substr(url.find("//") + 2));
}

// Ctrl-C once asks, twice insists.
void watch_signals(boost::asio::signal_set& signals, Runner& runner) {
  signals.async_wait([&](const boost::system::error_code& error, int /*signal*/) {
    if (error) return;
    runner.interrupt();
    watch_signals(signals, runner);
  });
}

Result<RunReport> run_workflow(boost::asio::io_context& io, const Machine& machine, const RunSettings& settings,
                               const ReplayInput& input, StatusPrinter& status) {
  PORPOISE_TRY(RunParameters parameters, run_parameters(input.workflow(), input.overrides, input.time));
  const HostSettings host{machine.host_binary, /*die_with_requester=*/true, /*follow=*/status.animated()};
  Runner runner(io, settings, *machine.directory, status, make_host_starter(io, host));
  boost::asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
  watch_signals(signals, runner);
  RunReport report;
  runner.start(input.workflow(), {settings.failure_strategy, input.only, {}}, std::move(parameters),
               [&](const RunReport& finished) {
                 report = finished;
                 io.stop();
               });
  io.run();
  return report;
}

// Every process of the run was ours or came to us (the task hosts' requester is a subreaper): none may be left.
bool all_children_gone() {
  pid_t ended = 0;
  while ((ended = ::waitpid(-1, nullptr, WNOHANG)) > 0) continue;
  return ended < 0 && errno == ECHILD;
}

Status write_summary(const fs::path& file, const RunReport& report) {
  if (file.empty()) return {};
  const std::string text = to_summary(report).dump(1, ' ', false, OrderedJson::error_handler_t::replace);
  return write_file(file, text + "\n", 0644, Durability::kAtomic);
}

int exit_code_of(const RunReport& report) {
  if (report.interrupted) return kExitInterrupted;
  return report.state == RunState::kSuccess ? kExitOk : kExitFailed;
}

FindResource find_resource(const ReplayOptions& options) {
  if (options.dry_run) return {};
  return [&options](const std::string& full_name) { return find_local_resource(full_name, options.resources); };
}

int replay(const ReplayOptions& options) {
  // What is asked for, and whether it can be done: all that is wrong with the file is said before anything runs.
  auto input = read_replay_input(options);
  if (!input) return print_error(input.error(), kExitUsage);
  const Catalog catalog = Catalog::scan(plugin_folders(options.plugin_dirs));
  Output out = standard_output(options.no_color);
  if (options.list) {
    out.write(list_workflow(input->workflow(), catalog, out.columns(), out.traits().colors));
    return kExitOk;
  }
  if (catalog.types().empty()) return print_error(catalog.unknown_type("SHELL"), kExitEnvironment);
  if (const Status checked = check_before_run(input->text, input->plan(), catalog, find_resource(options)); !checked)
    return print_error(in_file(options.file, checked.error()), kExitUsage);
  for (const std::string& note : input->notes) print_error(note, kExitOk);

  // Now the machine: host, folder, sandbox. The sandbox outlives the tasks that use it.
  boost::asio::io_context io(1);
  auto machine = prepare_machine(io, options, *input);
  if (!machine) return print_error(machine.error(), kExitEnvironment);
  RunSettings settings = make_run_settings(options, *input, catalog, machine->python);
  if (options.sandbox) use_sandbox(machine->sandbox ? machine->sandbox->url() : kDrySandbox, *input, settings);

  const auto status = make_status_printer(status_format(options, out), out);
  const auto report = run_workflow(io, *machine, settings, *input, *status);
  if (!report) return print_error(report.error(), kExitUsage);
  machine->sandbox.reset();
  if (!all_children_gone()) print_error("a process of this run is still there", kExitFailed);
  if (const Status written = write_summary(options.summary, *report); !written)
    return print_error(written.error(), kExitEnvironment);
  return exit_code_of(*report);
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("replay", "Run an exported workflow on this machine");
  const auto options = std::make_shared<ReplayOptions>();
  declare_replay_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = replay(*options); });
}

}  // namespace porpoise
