#include "cli/worker_flags.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "config/settings_table.h"

namespace porpoise {
namespace {

// What the key is, and what it is when nobody sets it.
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

Variables process_environment() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t end = text.find('=');
    if (end != std::string_view::npos) variables.try_emplace(std::string(text.substr(0, end)), text.substr(end + 1));
  }
  return variables;
}

void hide(const std::string& variable) {
  char* const value = std::getenv(variable.c_str());
  if (value == nullptr) return;
  std::memset(value, '*', std::strlen(value));  // /proc/<pid>/environ shows this memory
  ::unsetenv(variable.c_str());
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

Result<ResolvedSettings> resolve_worker_flags(const WorkerFlags& flags) {
  PORPOISE_TRY(const SettingsSources sources,
               read_settings_sources(flags.config, flags.ds_conf, process_environment(), flags.values));
  return resolve_settings(sources);
}

void hide_secrets() {
  for (const Setting& setting : worker_settings()) {
    if (!setting.secret) continue;
    hide(variable_of(setting));
    for (const DsKey& key : setting.application)
      for (const std::string& variable : ds_variables_of(key.path)) hide(variable);
  }
}

}  // namespace porpoise
