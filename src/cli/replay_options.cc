#include "cli/replay_input.h"

#include <CLI/CLI.hpp>

namespace porpoise {
namespace {

constexpr const char* kReplayExamples = R"(Examples:
  porpoise replay workflow.json
  porpoise replay workflow.json --set day=20260131 --schedule-time '2026-02-01 00:00:00'
  porpoise replay workflow.json --task train           one task, without what is before it
  porpoise replay workflow.json --from train           a task and everything after it
  porpoise replay workflow.json --skip report          without it and what is after it
  porpoise replay workflow.json --assume 'wait=n:3'    as if it had ended well, with output n
  porpoise replay workflow.json --dry-run              scripts and statements, nothing runs
  porpoise replay workflow.json --sandbox              with stand-ins for what the tasks talk to
  porpoise replay workflow.json --json | jq .event

Exit codes: 0 ok, 1 the workflow failed, 2 wrong usage or file, 3 something is missing here or could
not be written, 130 interrupted.)";

// One value each time the option is given: otherwise `--set a=b FILE` would take FILE for another value.
template <typename T>
CLI::Option* add_list(CLI::App& command, const char* name, std::vector<T>& values, const char* description) {
  return command.add_option(name, values, description)->type_size(1)->allow_extra_args(false);
}

void declare_selection(CLI::App& command, ReplayOptions& options) {
  command.add_option("FILE", options.file, "export of DolphinScheduler 3.1 to 3.3 (JSON), or - for standard input")
      ->required();
  command.add_option("--workflow", options.workflow, "name of the workflow when FILE holds several");
  auto* const task = command.add_option("--task", options.task, "run only this task")->group("What runs");
  command.add_option("--from", options.from, "run this task and all after it")->excludes(task)->group("What runs");
  add_list(command, "--skip", options.skip, "leave this task out, with all after it; /RE/: each that matches")
      ->type_name("NAME|/RE/")
      ->group("What runs");
  add_list(command, "--assume", options.assume, "take this task as done: SUCCESS, with these outputs, and nothing runs")
      ->type_name("TASK[=NAME:VALUE,…]")
      ->group("What runs");
  command.add_flag("--dry-run", options.dry_run, "check and show each task, without side effects")->group("What runs");
  command.add_flag("--list", options.list, "show tasks and order, run nothing")->group("What runs");
  add_list(command, "--relink", options.relink, "TASK:SLOT=TARGET, mends a stale branch of a SWITCH or CONDITIONS")
      ->group("What runs");
}

void declare_inputs(CLI::App& command, ReplayOptions& options) {
  const char* const group = "Inputs";
  add_list(command, "--set", options.set, "NAME=VALUE of a global parameter")->group(group);
  command.add_option("--schedule-time", options.schedule_time, "yyyy-MM-dd HH:mm:ss or yyyyMMddHHmmss")->group(group);
  command.add_option("--env-file", options.env_file, "shell lines to source before each script")
      ->check(CLI::ExistingFile)
      ->group(group);
  command.add_option("--python", options.python, "interpreter: PYTHON_HOME of tasks, and the sandbox's")->group(group);
  command.add_option("--resources", options.resources, "folder in place of the resource centre: /a.py is DIR/a.py")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory)
      ->group(group);
  add_list(command, "--resource", options.resource, "full name of the resource with this id: 6=/lib/job.sh")
      ->type_name("ID=NAME")
      ->group(group);
  command.add_option("--config", options.config, "porpoise.yaml")->check(CLI::ExistingFile)->group(group);
  add_list(command, "--plugin-dir", options.plugin_dirs, "folder of plugins, searched first")
      ->check(CLI::ExistingDirectory)
      ->group(group);
  command.add_option("--compat", options.compat, "DolphinScheduler whose SWITCH rules count")
      ->check(CLI::IsMember({"3.1.5", "3.1.9"}))
      ->group(group);
}

void declare_manner(CLI::App& command, ReplayOptions& options) {
  const char* const group = "How";
  command.add_option("--parallel", options.parallel, "tasks at a time; default: number of cores")
      ->check(CLI::Range(1, 10000))
      ->group(group);
  command.add_option("--failure-strategy", options.failure_strategy, "default: the schedule's in FILE, else continue")
      ->check(CLI::IsMember({"end", "continue"}))
      ->group(group);
  command.add_option("--time-scale", options.time_scale, "factor for delays, retry intervals and timeouts")
      ->check(CLI::Range(0.0, 1000.0))
      ->group(group);
  command.add_option("--kill-grace", options.kill_grace_seconds, "seconds between SIGTERM and SIGKILL")
      ->check(CLI::Range(0.0, 3600.0))
      ->group(group);
  command
      .add_option("--leftovers", options.leftovers, "what a successful task left running; porpoise.leftovers overrules")
      ->check(CLI::IsMember({"end", "keep"}))
      ->group(group);
  command.add_option("--run-dir", options.run_dir, "new folder for logs and results")->group(group);
  command.add_flag("--keep-work", options.keep_work, "keep the working directories of tasks")->group(group);
}

void declare_sandbox(CLI::App& command, ReplayOptions& options) {
  const char* const group = "Sandbox";
  command.add_flag("--sandbox", options.sandbox, "start the sandboxes of its task types, and send the tasks there")
      ->group(group);
  command.add_option("--sandbox-port", options.sandbox_port, "default: any free one")
      ->check(CLI::Range(0, 65535))
      ->group(group);
  command.add_option("--sandbox-dir", options.sandbox_dir, "keep its tables here")->group(group);
}

void declare_output(CLI::App& command, ReplayOptions& options) {
  const char* const group = "Output";
  command.add_option("--summary", options.summary, "write states and varPools as JSON to this file")->group(group);
  auto* const json = command.add_flag("--json", options.json, "events as JSON lines on standard output")->group(group);
  command.add_flag("--quiet", options.quiet, "only failures and the final table")->excludes(json)->group(group);
  command.add_flag("--no-color", options.no_color, "no colours; so do NO_COLOR and TERM=dumb")->group(group);
}

}  // namespace

void declare_replay_options(CLI::App& command, ReplayOptions& options) {
  declare_selection(command, options);
  declare_inputs(command, options);
  declare_manner(command, options);
  declare_sandbox(command, options);
  declare_output(command, options);
  command.footer(kReplayExamples);
}

}  // namespace porpoise
