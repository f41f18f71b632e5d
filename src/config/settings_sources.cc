#include "config/settings_sources.h"

#include "base/file.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 1U << 20U;  // of one file; the stock ones have less than 10 KiB

Result<std::optional<ConfigText>> read_if_there(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  PORPOISE_TRY(std::string text, read_file(file, kMaxFileBytes));
  return ConfigText{file.string(), std::move(text)};
}

Status read_ds_conf(const fs::path& folder, SettingsSources& sources) {
  PORPOISE_TRY(sources.application_yaml, read_if_there(folder / "application.yaml"));
  PORPOISE_TRY(sources.common_properties, read_if_there(folder / "common.properties"));
  PORPOISE_TRY(sources.env_script, read_if_there(folder / "dolphinscheduler_env.sh"));
  if (!sources.application_yaml && !sources.common_properties && !sources.env_script)
    return fail(ErrorCode::kNotFound,
                "no application.yaml, common.properties or dolphinscheduler_env.sh in " + folder.string());
  std::error_code error;
  sources.ds_conf = fs::absolute(folder, error).lexically_normal();
  if (error) return fail_errno("cannot find out where " + folder.string() + " is", error.value());
  return {};
}

std::string value_of(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

}  // namespace

Result<SettingsSources> read_settings_sources(fs::path config_file, fs::path ds_conf, Variables environment,
                                              FlagValues flags) {
  SettingsSources sources;
  if (config_file.empty()) config_file = value_of(environment, "PORPOISE_CONFIG");
  if (ds_conf.empty()) ds_conf = value_of(environment, "PORPOISE_DS_CONF");
  if (!ds_conf.empty()) PORPOISE_TRY_VOID(read_ds_conf(ds_conf, sources));
  PORPOISE_TRY(sources.porpoise_yaml, config_file.empty()
                                          ? find_config(config_search_path(value_of(environment, "XDG_CONFIG_HOME"),
                                                                           value_of(environment, "HOME")))
                                          : load_config(config_file));
  sources.environment = std::move(environment);
  sources.flags = std::move(flags);
  return sources;
}

}  // namespace porpoise
