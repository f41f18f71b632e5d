#include "cli/commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/worker_settings.h"
#include "plugin/catalog.h"
#include "progress/output.h"

namespace porpoise {
namespace {

std::vector<std::string> warnings_of(FileTrust trust) {
  std::vector<std::string> warnings = std::move(trust.exposed);
  for (const std::string& text : trust.distrusted) warnings.push_back("a worker of this user does not start: " + text);
  return warnings;
}

std::string text_of(const ResolvedSettings& resolved, const Output& output) {
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
  const std::vector<std::string> warnings = warnings_of(judge_files(resolved));
  if (!warnings.empty()) text += "\nWarnings:\n";
  for (const std::string& warning : warnings) text += "  " + warning + "\n";
  return text;
}

// `config` says where plugins are, as far as it is known.
std::vector<std::string> mistakes_below_plugins(const WorkerConfig& config, const SettingsSources& sources) {
  const Json& sections = sources.porpoise_yaml.plugins;
  if (sections.empty()) return {};
  return Catalog::scan(plugin_folders(config)).mistakes_in(sections);
}

}  // namespace

std::string settings_as_json(const ResolvedSettings& resolved) {
  OrderedJson settings = OrderedJson::array();
  for (const ResolvedSetting& setting : resolved.settings)
    settings.push_back({{"key", setting.key}, {"value", setting.value}, {"origin", setting.origin}});
  const OrderedJson json = {{"settings", std::move(settings)},
                            {"ignored", resolved.ignored},
                            {"warnings", warnings_of(judge_files(resolved))}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

int show_config(const WorkerFlags& flags, bool as_json) {
  const auto resolved = resolve_worker_flags(flags);
  if (!resolved) return print_error(resolved.error(), kExitUsage);
  Output output = standard_output();
  output.write(as_json ? settings_as_json(*resolved) : text_of(*resolved, output));
  return finished(output, kExitOk);
}

int check_config(const WorkerFlags& flags) {
  const auto sources = read_settings_sources(flags.config, flags.ds_conf, process_environment(), flags.values);
  if (!sources) return print_error(sources.error(), kExitUsage);
  const auto resolved = resolve_settings(*sources);
  int exit_code = resolved ? kExitOk : print_error(resolved.error(), kExitUsage);
  for (const std::string& mistake : mistakes_below_plugins(resolved ? resolved->config : WorkerConfig(), *sources))
    exit_code = print_error(mistake, kExitUsage);
  if (!resolved) return exit_code;
  for (const std::string& ignored : resolved->ignored) print_error("without effect: " + ignored, kExitOk);
  const FileTrust trust = judge_files(*resolved);
  for (const std::string& warning : warnings_of(trust)) print_error(warning, kExitOk);
  if (!trust.distrusted.empty()) exit_code = kExitUsage;
  if (const Status zone = use_time_zone(resolved->config.time_zone); !zone)
    return print_error(zone.error(), kExitUsage);
  return exit_code;
}

}  // namespace porpoise
