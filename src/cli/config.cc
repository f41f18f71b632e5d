#include "cli/config.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time_zone.h"
#include "cli/console.h"
#include "cli/worker_flags.h"
#include "config/file_trust.h"
#include "progress/table.h"

namespace porpoise {
namespace {

constexpr const char* kShowExamples = R"(Examples:
  porpoise config show                                   as `porpoise worker` would start here
  porpoise config show --ds-conf /opt/dolphinscheduler/worker-server/conf
  porpoise config show --zookeeper zk1:2181,zk2:2181 --exec-threads 50
  PORPOISE_LISTEN=10.0.0.5:1234 porpoise config show --json | jq .settings

Lowest to highest: default, files of --ds-conf, porpoise.yaml, the stock worker's environment variables
(WORKER_EXEC_THREADS, REGISTRY_ZOOKEEPER_CONNECT_STRING, ...), PORPOISE_EXEC_THREADS and the like, flags.
In porpoise.yaml the keys stand below `worker`:

  worker:
    zookeeper: zk1:2181,zk2:2181
    exec-threads: 100
    resources: {type: s3, bucket: dolphinscheduler, region: eu-west-1}
  plugins:
    OPENMLDB: {apiservers: {"zk1:2181/openmldb": "http://api1:9080"}})";
constexpr const char* kCheckExamples = R"(Examples:
  porpoise config check && systemctl restart porpoise
  porpoise config check --config porpoise.yaml --ds-conf conf

Prints only what is wrong, stock keys without effect, and files that others can change or read secrets from. Exit codes: 0 ok, 2 an error.)";

struct ConfigOptions {
  WorkerFlags flags;
  bool json = false;
};

std::vector<std::string> warnings_of(const ResolvedSettings& resolved) {
  FileTrust trust = judge_files(resolved);
  std::vector<std::string> warnings = std::move(trust.exposed);
  for (const std::string& text : trust.distrusted) warnings.push_back("a worker of this user does not start: " + text);
  return warnings;
}

std::string as_json(const ResolvedSettings& resolved) {
  OrderedJson settings = OrderedJson::array();
  for (const ResolvedSetting& setting : resolved.settings)
    settings.push_back({{"key", setting.key}, {"value", setting.value}, {"origin", setting.origin}});
  const OrderedJson json = {
      {"settings", std::move(settings)}, {"ignored", resolved.ignored}, {"warnings", warnings_of(resolved)}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string as_text(const ResolvedSettings& resolved, const Output& output) {
  Table table({{"KEY"}, {"VALUE"}, {"ORIGIN"}});
  for (const ResolvedSetting& setting : resolved.settings) {
    const bool is_shown = !setting.value.empty() || setting.when_empty.empty();
    const Color color = setting.origin == "default" ? Color::kDim : Color::kNone;
    table.add_row({{setting.key, Color::kBold},
                   {is_shown ? setting.value : "(" + setting.when_empty + ")", color},
                   {setting.origin, color}});
  }
  std::string text = table.render(output.columns(), output.traits().colors);
  if (!resolved.ignored.empty()) text += "\nWithout effect:\n";
  for (const std::string& ignored : resolved.ignored) text += "  " + ignored + "\n";
  const std::vector<std::string> warnings = warnings_of(resolved);
  if (!warnings.empty()) text += "\nWarnings:\n";
  for (const std::string& warning : warnings) text += "  " + warning + "\n";
  return text;
}

int show(const ConfigOptions& options) {
  const auto resolved = resolve_worker_flags(options.flags);
  if (!resolved) return print_error(resolved.error(), kExitUsage);
  Output output = standard_output();
  output.write(options.json ? as_json(*resolved) : as_text(*resolved, output));
  return kExitOk;
}

int check(const ConfigOptions& options) {
  const auto resolved = resolve_worker_flags(options.flags);
  if (!resolved) return print_error(resolved.error(), kExitUsage);
  for (const std::string& ignored : resolved->ignored) print_error("without effect: " + ignored, kExitOk);
  for (const std::string& warning : warnings_of(*resolved)) print_error(warning, kExitOk);
  if (const Status zone = use_time_zone(resolved->config.time_zone); !zone)
    return print_error(zone.error(), kExitUsage);
  return kExitOk;
}

}  // namespace

void add_config_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ConfigOptions>();  // lives as long as the callbacks
  CLI::App* const config = app.add_subcommand("config", "The configuration of the worker, and where it comes from");
  config->require_subcommand(1);

  CLI::App* const show_command = config->add_subcommand("show", "Every key with its value and its origin");
  declare_worker_flags(*show_command, options->flags);
  show_command->add_flag("--json", options->json, "print JSON");
  show_command->footer(kShowExamples);
  show_command->callback([options, &exit_code] { exit_code = show(*options); });

  CLI::App* const check_command = config->add_subcommand("check", "Says what is wrong with it, and nothing else");
  declare_worker_flags(*check_command, options->flags);
  check_command->footer(kCheckExamples);
  check_command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace porpoise
