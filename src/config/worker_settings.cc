#include "config/worker_settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <system_error>

#include "base/file.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 1U << 20U;  // of one file; the stock ones have less than 10 KiB

// Also true for what is there and cannot be reached: reading it then says why.
bool is_there(const fs::path& file) {
  std::error_code problem;
  const fs::file_status status = fs::symlink_status(file, problem);
  return status.type() != fs::file_type::not_found;
}

Result<std::optional<ConfigText>> read_if_there(const fs::path& file) {
  if (!is_there(file)) return std::nullopt;
  if (std::error_code problem; !fs::is_regular_file(file, problem) && !problem)
    return fail(ErrorCode::kInvalid, file.string() + " is not a file");
  PORPOISE_TRY(std::string text, read_file(file, kMaxFileBytes));
  return ConfigText{file.string(), std::move(text)};
}

// One that another user can change is not run: judge_files() says what is wrong with it.
Result<std::optional<EnvScript>> source_if_there(const fs::path& file, const Variables& environment) {
  if (!is_there(file)) return std::nullopt;
  std::error_code unreadable;  // a link that leads nowhere is not distrusted: sourcing says what is wrong
  if (!fs::exists(file, unreadable) || check_trusted_file(file)) return source_env_script(file, environment);
  EnvScript script;
  script.name = file.string();
  script.problems.push_back(script.name + ": not sourced, as another user could change it");
  return script;
}

Status read_ds_conf(const fs::path& folder, const Variables& environment, SettingsSources& sources) {
  PORPOISE_TRY(sources.application_yaml, read_if_there(folder / "application.yaml"));
  PORPOISE_TRY(sources.common_properties, read_if_there(folder / "common.properties"));
  PORPOISE_TRY(sources.env_script, source_if_there(folder / "dolphinscheduler_env.sh", environment));
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
  if (!ds_conf.empty()) PORPOISE_TRY_VOID(read_ds_conf(ds_conf, environment, sources));
  PORPOISE_TRY(sources.porpoise_yaml, config_file.empty()
                                          ? find_config(config_search_path(value_of(environment, "XDG_CONFIG_HOME"),
                                                                           value_of(environment, "HOME")))
                                          : load_config(config_file));
  sources.environment = std::move(environment);
  sources.flags = std::move(flags);
  return sources;
}

std::vector<SettingChange> changes_between(const ResolvedSettings& before, const ResolvedSettings& after) {
  std::vector<SettingChange> changes;
  for (const Setting& setting : worker_settings()) {
    std::string old_value = setting.value.format(before.config);
    std::string new_value = setting.value.format(after.config);
    if (old_value == new_value) continue;
    if (setting.secret) old_value = new_value = "****";
    changes.push_back({std::string(setting.name), std::move(old_value), std::move(new_value), setting.at_run_time});
  }
  if (before.config.plugins != after.config.plugins) changes.push_back({"plugins", "****", "****", false});
  return changes;
}

FileTrust judge_files(const ResolvedSettings& settings) {
  FileTrust trust;
  std::vector<std::filesystem::path> files = settings.files;
  std::error_code ignored;
  const std::filesystem::path& sourced = settings.config.env_file;
  if (std::filesystem::exists(sourced, ignored) && std::find(files.begin(), files.end(), sourced) == files.end())
    files.push_back(sourced);
  for (const auto& file : files)
    if (const Status trusted = check_trusted_file(file); !trusted)
      trust.distrusted.push_back("another user could change what is run, and as whom, in " + file.string() + ": " +
                                 trusted.error().message());
  for (const auto& [file, key] : settings.secrets) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || (info.st_mode & S_IROTH) == 0) continue;
    trust.exposed.push_back("every user of this machine may read " + key + " in " + file.string() +
                            "; run: chmod o-r '" + file.string() +
                            "', and see that the worker's user or group owns it");
  }
  return trust;
}

}  // namespace porpoise
