// The command line: every subcommand with its options. With replay_options.cc and help_format.cc, all that compiles
// CLI11.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/command_tree.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/help_format.h"
#include "cli/replay_input.h"
#include "config/settings_table.h"

namespace porpoise {
namespace {

constexpr const char* kWorkerExamples = R"(Examples:
  porpoise worker --zookeeper zk1:2181,zk2:2181
  porpoise worker --ds-conf /opt/dolphinscheduler/worker-server/conf   with a Java worker's settings
  porpoise worker --zookeeper 127.0.0.1:2181 --data-dir /tmp/porpoise --log-dir /tmp/porpoise/logs
  porpoise config show --zookeeper zk1:2181          what it would run with, and why

SIGTERM drains: nothing new is accepted, running tasks finish, then the worker leaves. A second one
ends them. After SIGKILL, or an upgrade, tasks run on: start the worker again within the session
timeout and it continues them.)";
const std::string kDoctorExamples = R"(Examples:
  porpoise doctor                                        as `porpoise worker` would start here
  porpoise doctor --zookeeper zk1:2181 --json | jq .findings
  porpoise doctor --bundle porpoise.tar
  sudo -u porpoise porpoise doctor --config /etc/porpoise/porpoise.yaml

Nothing hangs: each check has a deadline. Run it as the user of the worker, best while none runs.
Exit codes: 0 all is well, 1 warnings, 3 faults, 2 wrong options.

porpoise doctor NAME asks the doctor of a plugin, with a --help of its own:
)";
constexpr const char* kShowExamples = R"(Examples:
  porpoise config show                                   as `porpoise worker` would start here
  porpoise config show --ds-conf /opt/dolphinscheduler/worker-server/conf
  porpoise config show --zookeeper zk1:2181,zk2:2181 --exec-threads 50
  PORPOISE_LISTEN=10.0.0.5:1234 porpoise config show --json | jq .settings

Lowest to highest: default, files of --ds-conf, porpoise.yaml, the stock worker's environment
variables (WORKER_EXEC_THREADS, REGISTRY_ZOOKEEPER_CONNECT_STRING, ...), PORPOISE_EXEC_THREADS and
the like, flags. dolphinscheduler_env.sh is sourced by bash, as the stock start script does.
In porpoise.yaml the keys stand below `worker`:

  worker:
    zookeeper: zk1:2181,zk2:2181
    exec-threads: 100
    resources: {type: s3, bucket: dolphinscheduler, region: eu-west-1}
  plugins:
    TYPE: {key: value}       a section for each plugin, as its own document describes it)";
constexpr const char* kCheckExamples = R"(Examples:
  porpoise config check && systemctl restart porpoise
  porpoise config check --config porpoise.yaml --ds-conf conf

Prints all that is wrong, stock keys without effect, and files that others can change or read
secrets from.
Exit codes: 0 ok, 2 something is wrong: a worker would not start, or do other than is written.)";
constexpr const char* kExampleExamples = R"(Examples:
  porpoise config example >/etc/porpoise/porpoise.yaml)";
constexpr const char* kHelpExamples = R"(Examples:
  porpoise help worker                                   as `porpoise worker --help`
  porpoise help --man config | man -l -
  porpoise help --man porpoise.yaml | man -l -           every key of the configuration
  porpoise help --man-dir /usr/local/share/man)";
constexpr const char* kCompletionExamples = R"(Examples:
  porpoise completion bash >/etc/bash_completion.d/porpoise
  porpoise completion zsh >/usr/local/share/zsh/site-functions/_porpoise
  porpoise completion fish >~/.config/fish/completions/porpoise.fish
  source <(porpoise completion bash)                     in this shell alone)";
constexpr const char* kParamsExamples = R"(Examples:
  porpoise eval params '$[add_months(yyyyMMdd,-1)]' --datetime 20230315000000
  porpoise eval params 'load ${table} of $[yyyy-MM-dd-1]' --set table=t1
  porpoise eval params <lines.jsonl    {"text": "${a}", "params": {"a": "1"}} becomes
                                       {"text": "${a}", "params": {"a": "1"}, "result": "1"})";
constexpr const char* kSwitchExamples = R"(Examples:
  porpoise eval switch '${auc} > 0.9' --set auc=0.93
  porpoise eval switch '${v} == 1' --set v=1 --compat 3.1.9
  porpoise eval switch <lines.jsonl    {"condition": "${a} == 1", "params": {"a": "1"}} becomes
                                       the same with "result": true})";

// What the key is, and its value when no source sets it.
std::string help_of(const Setting& setting) {
  std::string fallback = setting.value.format(WorkerConfig());
  if (fallback.empty()) fallback = setting.when_empty;
  return std::string(setting.help) + (fallback.empty() ? "" : " [" + fallback + "]");
}

void declare_flag(CLI::App& command, const Setting& setting, FlagValues& values) {
  const std::string flag = flag_of(setting);
  const std::string key(setting.name);
  CLI::Option* option = nullptr;
  if (setting.value.is_boolean) {
    // --sudo, --no-sudo and --sudo=false.
    const auto take = [&values, key](std::int64_t value) { values.emplace_back(key, value > 0 ? "true" : "false"); };
    option = command.add_flag_function(flag + ",!--no-" + key, take, help_of(setting));
    option->check([](const std::string& given) {  // CLI11 2.1 would not survive another word
      bool ignored = false;
      return kind::Boolean::read(given, ignored) ? std::string() : given + " is not " + kind::Boolean::accepted();
    });
  } else {
    const auto take = [&values, key](const std::string& value) { values.emplace_back(key, value); };
    option = command.add_option_function<std::string>(flag, take, help_of(setting));
    option->type_name(setting.value.type_name());
  }
  option->group(std::string(setting.group));
}

}  // namespace

void declare_worker_flags(CLI::App& command, WorkerFlags& flags) {
  command.add_option("--config", flags.config, "porpoise.yaml; also PORPOISE_CONFIG")->check(CLI::ExistingFile);
  command
      .add_option("--ds-conf", flags.ds_conf,
                  "folder with a stock worker's application.yaml, common.properties and dolphinscheduler_env.sh; "
                  "also PORPOISE_DS_CONF")
      ->check(CLI::ExistingDirectory);
  for (const Setting& setting : worker_settings()) declare_flag(command, setting, flags.values);
}

namespace {

// Options live as long as the callbacks, which share them.
void add_replay(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("replay", "Run an exported workflow on this machine");
  const auto options = std::make_shared<ReplayOptions>();
  declare_replay_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = run_replay(*options); });
}

void add_worker(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("worker", "Join a DolphinScheduler 3.1 cluster and run its tasks");
  const auto flags = std::make_shared<WorkerFlags>();
  declare_worker_flags(*command, *flags);
  command->footer(kWorkerExamples);
  command->callback([flags, &exit_code] { exit_code = run_worker(*flags); });
}

}  // namespace

void add_config_command(CLI::App& app, int& exit_code) {
  CLI::App* const config = app.add_subcommand("config", "The configuration of the worker, and where it comes from");
  config->require_subcommand(1);
  const auto flags = std::make_shared<WorkerFlags>();
  const auto as_json = std::make_shared<bool>(false);

  CLI::App* const show = config->add_subcommand("show", "Every key with its value and its origin");
  declare_worker_flags(*show, *flags);
  show->add_flag("--json", *as_json, "print JSON");
  show->footer(kShowExamples);
  show->callback([flags, as_json, &exit_code] { exit_code = show_config(*flags, *as_json); });

  CLI::App* const check = config->add_subcommand("check", "Says what is wrong with it, and nothing else");
  declare_worker_flags(*check, *flags);
  check->footer(kCheckExamples);
  check->callback([flags, &exit_code] { exit_code = check_config(*flags); });

  CLI::App* const example = config->add_subcommand("example", "A porpoise.yaml with every key in a comment");
  example->footer(kExampleExamples);
  example->callback([&exit_code] { exit_code = print_config_example(); });
}

namespace {

CLI::Option* declare_expression(CLI::App& command, EvalOptions& options, const char* footer) {
  command.add_option("--set", options.set, "NAME=VALUE of a parameter; may be repeated")
      ->type_size(1)
      ->allow_extra_args(false);
  command.footer(footer);
  return command.add_option("EXPRESSION", options.expression, "without it: JSON lines on standard input");
}

}  // namespace

void add_eval_command(CLI::App& app, int& exit_code) {
  CLI::App* const eval = app.add_subcommand("eval", "What a placeholder or a SWITCH condition becomes");
  eval->require_subcommand(1);
  const auto options = std::make_shared<EvalOptions>();

  CLI::App* const params = eval->add_subcommand("params", "Replaces ${name} and $[time] as DolphinScheduler 3.1 does");
  const CLI::Option* const text = declare_expression(*params, *options, kParamsExamples);
  params->add_option("--datetime", options->datetime, "yyyyMMddHHmmss, base of $[...]; default: now");
  params->add_option("--time-zone", options->time_zone, "such as Asia/Shanghai; default: TZ or this machine's");
  params->callback([options, text, &exit_code] {
    options->has_expression = text->count() > 0;
    exit_code = eval_params(*options);
  });

  CLI::App* const condition = eval->add_subcommand("switch", "Evaluates a condition of a SWITCH task");
  const CLI::Option* const expression = declare_expression(*condition, *options, kSwitchExamples);
  condition->add_option("--compat", options->compat, "DolphinScheduler whose rules count")
      ->check(CLI::IsMember({"3.1.5", "3.1.9"}));
  condition->callback([options, expression, &exit_code] {
    options->has_expression = expression->count() > 0;
    exit_code = eval_switch(*options);
  });
}

namespace {

void declare_plugins_options(CLI::App& command, PluginsOptions& options) {
  command.add_flag("--json", options.json, "Print JSON");
  command.add_option("--plugin-dir", options.folders, "Folder to search before all others")
      ->type_name("DIR")
      ->allow_extra_args(false);
}

}  // namespace

void add_plugins_command(CLI::App& app, int& exit_code) {
  CLI::App* const plugins = app.add_subcommand("plugins", "Task types there are, and their parameters");
  plugins->require_subcommand(1);
  const auto options = std::make_shared<PluginsOptions>();

  CLI::App* const list = plugins->add_subcommand("list", "Task types, and plugins that were refused");
  declare_plugins_options(*list, *options);
  list->callback([options, &exit_code] { exit_code = list_plugins(*options); });

  CLI::App* const describe = plugins->add_subcommand("describe", "One task type and its parameters");
  describe->add_option("TYPE", options->type, "As `porpoise plugins list` shows it")->required();
  declare_plugins_options(*describe, *options);
  describe->callback([options, &exit_code] { exit_code = describe_plugin(*options); });
}

namespace {

// A subcommand whose words are all for a program that a plugin brings along, its --help included.
void add_program(CLI::App& app, const char* name, const char* summary, int (*run)(const std::vector<std::string>&),
                 int& exit_code) {
  CLI::App* const command = app.add_subcommand(name, summary);
  command->set_help_flag();
  command->prefix_command();
  command->callback([command, run, &exit_code] { exit_code = run(command->remaining()); });
}

// `porpoise doctor NAME …` is a plugin's, with all that follows the name.
void add_doctor(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("doctor", "Says what a worker would lack here, and what mends it");
  const auto options = std::make_shared<DoctorOptions>();
  command->add_flag("--json", options->json, "print JSON");
  command->add_option("--bundle", options->bundle, "write a tar for whoever helps, with secrets masked")
      ->type_name("FILE");
  declare_worker_flags(*command, options->worker);
  command->footer([] { return kDoctorExamples + list_plugin_doctors(); });
  command->prefix_command();
  command->callback([command, options, &exit_code] {
    const std::vector<std::string> words = command->remaining();
    if (words.empty())
      exit_code = run_doctor(*options);
    else if (words[0].starts_with('-'))
      throw CLI::ExtrasError(words);
    else
      exit_code = run_plugin_doctor(words);
  });
}

// `app` must outlive the parsing, as the other commands do.
void add_completion(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("completion", "Prints what makes TAB complete in a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("NAME", *shell, "of the shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(kCompletionExamples);
  command->callback([shell, &exit_code] { exit_code = print_completion_script(*shell); });
}

struct HelpOptions {
  std::vector<std::string> command;
  bool man = false;
  std::filesystem::path man_dir;
};

int run_help(const CLI::App& app, const HelpOptions& options) {
  const CommandEntry root = describe_commands(app);
  if (!options.man_dir.empty()) return write_man_pages(root, options.man_dir);
  if (options.man) {
    if (options.command.empty()) return print_man_page(root, root.name);
    const std::string& name = options.command.front();
    return print_man_page(root, root.find_command(name) == nullptr ? name : root.name + "-" + name);
  }
  std::vector<std::string> words{root.name};
  words.insert(words.end(), options.command.begin(), options.command.end());
  words.emplace_back("--help");
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  return run_command_line(static_cast<int>(argv.size()), argv.data());
}

void add_help(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("help", "The help of a command, or its man page");
  const auto options = std::make_shared<HelpOptions>();
  command->add_option("COMMAND", options->command, "such as worker, or config show; without it: porpoise itself");
  command->add_flag("--man", options->man, "print the man page, as man reads it");
  command->add_option("--man-dir", options->man_dir, "write all man pages to the folders man1 and man5 of this one")
      ->type_name("DIR");
  command->footer(kHelpExamples);
  command->callback([&app, options, &exit_code] { exit_code = run_help(app, *options); });
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return names;
}

// The command that the words name, as deep as they do.
struct Named {
  const CLI::App* command;
  std::string path;     // "porpoise config show"
  std::string unknown;  // a word where a subcommand should be; empty: none
};

Named find_command(const CLI::App& app, const std::vector<std::string>& words) {
  Named named{&app, app.get_name(), ""};
  for (const std::string& word : words) {
    const auto subcommands = named.command->get_subcommands({});
    if (subcommands.empty() || word.starts_with('-')) break;
    const auto found = std::find_if(subcommands.begin(), subcommands.end(),
                                    [&](const CLI::App* subcommand) { return subcommand->get_name() == word; });
    if (found == subcommands.end()) {
      named.unknown = word;
      break;
    }
    named.command = *found;
    named.path += " " + word;
  }
  return named;
}

// What was probably meant by the first word of `words` that looks like an option and is none of the command.
std::string nearest_option(const CLI::App& command, const std::vector<std::string>& words) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--") && std::find(known.begin(), known.end(), name) == known.end())
      return did_you_mean(name, known);
  }
  return "";
}

}  // namespace

int run_command_line(int argc, char** argv) {
  int exit_code = kExitOk;
  CLI::App app("A native worker for Apache DolphinScheduler 3.1, and a runner for its workflows on this machine.",
               "porpoise");
  app.set_version_flag("--version", version_text(),
                       "Print version, commit, and which plugins and masters it speaks to");
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormat>());  // before the subcommands, which take it over
  add_replay(app, exit_code);
  add_eval_command(app, exit_code);
  add_config_command(app, exit_code);
  add_plugins_command(app, exit_code);
  add_program(app, "sandbox", "Run a stand-in for what tasks talk to, for development", run_sandbox, exit_code);
  add_doctor(app, exit_code);
  add_worker(app, exit_code);
  add_completion(app, exit_code);
  add_help(app, exit_code);

  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words[0] == kAskForCompletion)
    return print_completions(describe_commands(app), {words.begin() + 1, words.end()});
  const Named named = find_command(app, words);
  if (!named.unknown.empty())
    return print_error("unknown command '" + named.unknown + "'" +
                           did_you_mean(named.unknown, names_of(named.command->get_subcommands({}))) + "; see " +
                           named.path + " --help",
                       kExitUsage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    if (asked) {
      app.exit(error);
      return std::cout.flush() || errno == EPIPE ? kExitOk
                                                 : print_error("cannot write to standard output", kExitEnvironment);
    }
    return print_error(
        std::string(error.what()) + nearest_option(*named.command, words) + "; see " + named.path + " --help",
        kExitUsage);
  }
  return exit_code;
}

}  // namespace porpoise
