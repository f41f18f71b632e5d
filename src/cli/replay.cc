#include "cli/commands.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "cli/replay_input.h"
#include "plugin/catalog.h"
#include "replay/preflight.h"
#include "replay/run_directory.h"
#include "replay/runner.h"
#include "replay/sandbox.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kSandboxStart{60};  // a first import of Python packages from a cold disk takes seconds

StatusFormat status_format(const ReplayOptions& options, const Output& out) {
  if (options.json) return StatusFormat::kJson;
  if (options.quiet) return StatusFormat::kQuiet;
  return out.traits().terminal ? StatusFormat::kTerminal : StatusFormat::kPlain;
}

// The folder of a dry run, which leaves nothing behind that nobody asked for, however it ends.
class DryRunFolder {
 public:
  explicit DryRunFolder(fs::path root) : root_(std::move(root)) {}
  DryRunFolder(const DryRunFolder&) = delete;
  DryRunFolder& operator=(const DryRunFolder&) = delete;
  ~DryRunFolder() {
    std::error_code problem;
    fs::remove_all(root_, problem);
    if (problem) print_error("cannot remove " + root_.string() + ": " + problem.message(), kExitOk);
  }

 private:
  const fs::path root_;
};

// What a run needs of this machine. Errors are those of the environment.
struct Machine {
  std::unique_ptr<DryRunFolder> folder;  // the last to go
  fs::path host_binary;
  fs::path python;  // --python, or empty
  std::unique_ptr<RunDirectory> directory;
  std::map<std::string, std::unique_ptr<Sandbox>> sandboxes;  // by the name of the companion program
};

// An interpreter as people name it: a path, or a program of PATH.
Result<fs::path> find_interpreter(const fs::path& given, std::string_view path) {
  std::vector<fs::path> candidates;
  if (given.has_parent_path()) candidates.push_back(given);
  while (candidates.empty() || !given.has_parent_path()) {
    const std::string_view folder = path.substr(0, path.find(':'));
    candidates.push_back(fs::path(folder) / given);
    if (folder.size() == path.size()) break;
    path.remove_prefix(folder.size() + 1);
  }
  std::error_code ignored;
  for (const fs::path& file : candidates)
    if (fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0) return fs::absolute(file);
  return fail(ErrorCode::kNotFound, "Python interpreter " + given.string() + " is not an executable file");
}

// The sandboxes of the workflow's task types. Where none of these has one, all there are: scripts talk to them, too.
std::vector<Companion> choose_sandboxes(const ReplayInput& input) {
  const std::vector<Companion> known = find_companions("sandbox", executable_folder());
  std::set<std::string> wanted;
  for (const std::string& type : plugin_types(reachable(input.plan()))) wanted.insert(companion_name(type));
  std::vector<Companion> chosen;
  for (const Companion& companion : known)
    if (wanted.count(companion.name) > 0) chosen.push_back(companion);
  return chosen.empty() ? known : chosen;
}

std::vector<std::string> sandbox_command(const Companion& companion, const ReplayOptions& options,
                                         const fs::path& python) {
  std::vector<std::string> command{companion.file, "--for-replay", "--port", std::to_string(options.sandbox_port)};
  const auto add = [&](const char* name, const fs::path& value) {
    if (!value.empty()) command.insert(command.end(), {name, value});
  };
  command.emplace_back(options.dry_run ? "--plan" : "--exit-with-stdin");
  add("--dir", options.sandbox_dir.empty() ? fs::path() : fs::absolute(options.sandbox_dir));
  add("--python", python);
  return command;
}

Status start_sandboxes(boost::asio::io_context& io, const ReplayOptions& options, const ReplayInput& input,
                       Machine& machine) {
  const std::vector<Companion> chosen = choose_sandboxes(input);
  if (chosen.empty()) return fail(ErrorCode::kNotFound, "no plugin here brings a sandbox");
  if (chosen.size() > 1 && (options.sandbox_port != 0 || !options.sandbox_dir.empty()))
    return fail(ErrorCode::kInvalid, "--sandbox-port and --sandbox-dir are for one sandbox; this workflow uses '" +
                                         chosen[0].name + "' and '" + chosen[1].name + "'");
  for (const Companion& companion : chosen) {
    PORPOISE_TRY(machine.sandboxes[companion.name],
                 Sandbox::start(io, companion.name, sandbox_command(companion, options, machine.python),
                                machine.directory->root() / "sandbox.log", kSandboxStart));
  }
  return {};
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
    PORPOISE_TRY(machine.python, find_interpreter(options.python, environment("PATH")));
  }
  fs::path root = options.run_dir;
  if (root.empty()) {
    PORPOISE_TRY(root, default_run_directory(input));
  }
  PORPOISE_TRY(RunDirectory directory, RunDirectory::create(root, time_text(input.time, "yyyyMMdd")));
  machine.directory = std::make_unique<RunDirectory>(std::move(directory));
  if (options.dry_run && options.run_dir.empty())
    machine.folder = std::make_unique<DryRunFolder>(machine.directory->root());
  if (options.sandbox) PORPOISE_TRY_VOID(start_sandboxes(io, options, input, machine));
  return machine;
}

// Tasks of the sandbox's type go to it, and so does all that a global parameter of the workflow leads there.
void use_sandbox(const std::string& name, const SandboxUse& use, ReplayInput& input, RunSettings& settings) {
  for (auto& [type, plugin] : settings.plugins)
    if (companion_name(type) == name) plugin.config.merge_patch(use.config);
  for (const Property& global : input.workflow().global_params)
    if (const auto found = use.globals.find(global.prop); found != use.globals.end()) input.overrides.insert(*found);
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
                               const ReplayInput& input, StatusPrinter& status, boost::asio::signal_set& signals) {
  PORPOISE_TRY(RunParameters parameters, run_parameters(input.workflow(), input.overrides, input.time));
  const HostSettings host{machine.host_binary, /*die_with_requester=*/true, /*follow=*/status.animated()};
  Runner runner(io, settings, *machine.directory, status, make_host_starter(io, host));
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

// Whether a task may leave processes behind on purpose.
bool keeps_any_leftovers(const ReplayInput& input, const RunSettings& settings) {
  for (const Workflow& workflow : reachable(input.plan()))
    for (const TaskDefinition& task : workflow.tasks)
      if (keeps_leftovers(task.local_params, settings.keep_leftovers).value_or(false)) return true;
  return false;
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

void print_list(const ReplayOptions& options, const ReplayInput& input, const Catalog& catalog, Output& out) {
  Listing listing = list_workflow(input.text, input.plan(), catalog, find_resource(options));
  if (!input.stale.empty()) listing.refusal += (listing.refusal.empty() ? "" : "\n") + input.stale;
  if (options.json)
    out.write(to_json(listing).dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
  else
    out.write(to_text(listing, out.columns(), out.traits().colors));
}

}  // namespace

int run_replay(const ReplayOptions& options) {
  // What is asked for, and whether it can be done: all that is wrong with the file is said before anything runs.
  auto input = read_replay_input(options);
  if (!input) return print_error(input.error(), kExitUsage);
  const Catalog catalog = Catalog::scan(plugin_folders(options.plugin_dirs));
  Output out = standard_output(options.no_color);
  if (options.list) {
    for (const std::string& note : input->notes) print_error(note, kExitOk);
    print_list(options, *input, catalog, out);
    return finished(out, kExitOk);
  }
  const std::set<std::string> types = plugin_types(reachable(input->plan()));
  if (catalog.types().empty() && !types.empty())
    return print_error(catalog.unknown_type(*types.begin()), kExitEnvironment);
  if (const Status checked = check_before_run(input->text, input->plan(), catalog, find_resource(options)); !checked)
    return print_error(in_file(options.file, checked.error()), kExitUsage);
  for (const std::string& note : input->notes) print_error(note, kExitOk);

  // Now the machine: host, folder, sandbox. The sandbox outlives the tasks that use it.
  boost::asio::io_context io(1);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);  // a signal waits here until the run has begun
  auto machine = prepare_machine(io, options, *input);
  if (!machine) return print_error(machine.error(), kExitEnvironment);
  RunSettings settings = make_run_settings(options, *input, catalog, machine->python);
  for (const auto& [name, sandbox] : machine->sandboxes) use_sandbox(name, sandbox->use(), *input, settings);

  const auto status = make_status_printer(status_format(options, out), out);
  const auto report = run_workflow(io, *machine, settings, *input, *status, signals);
  if (!report) return print_error(report.error(), kExitUsage);
  machine->sandboxes.clear();
  if (!all_children_gone() && !keeps_any_leftovers(*input, settings))
    print_error("a process of this run is still there", kExitFailed);
  if (const Status written = write_summary(options.summary, *report); !written)
    return print_error(written.error(), kExitEnvironment);
  return finished(out, exit_code_of(*report));
}

}  // namespace porpoise
