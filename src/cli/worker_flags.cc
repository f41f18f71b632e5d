#include "cli/worker_flags.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "config/settings_table.h"

namespace porpoise {
namespace {

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
