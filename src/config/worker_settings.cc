#include "config/worker_settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <system_error>

#include "base/file.h"
#include "base/text.h"

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

namespace {

constexpr std::size_t kMaxShownBytes = 200;  // of a value that is refused
constexpr const char* kDefault = "default";
constexpr std::string_view kPrefix = "PORPOISE_";

// Variables of porpoise that are no keys of the worker: those of other commands, of the build and of tests.
constexpr std::string_view kOtherVariables[] = {"PORPOISE_CONFIG",       "PORPOISE_DS_CONF", "PORPOISE_PLUGIN_PATH",
                                                "PORPOISE_HOST",         "PORPOISE_PYTHON",  "PORPOISE_BIN",
                                                "PORPOISE_BUILD",        "PORPOISE_JOBS",    "PORPOISE_TASK_ID",
                                                "PORPOISE_FUZZ_SECONDS", "PORPOISE_SEED",    "PORPOISE_SEEDS"};

class Resolver {
 public:
  explicit Resolver(const SettingsSources& sources) : sources_(sources) {}

  Result<ResolvedSettings> resolve() {
    list_files();
    note(apply_ds_conf());
    apply_porpoise_yaml();
    if (const auto stock = read_ds_environment(sources_.environment))
      apply(*stock);
    else
      note(fail(stock.error()));
    apply_environment();
    PORPOISE_TRY_VOID(apply_flags());
    if (mistakes_.empty()) note(check_gap());
    if (mistakes_.empty()) note(check_resources());
    PORPOISE_TRY_VOID(all_mistakes());
    for (const auto& [file, key] : result_.secrets) result_.config.files_with_secrets.push_back(fs::absolute(file));
    list();
    return std::move(result_);
  }

 private:
  // Remembers a mistake and goes on: one start tells all of them.
  void note(const Status& status) {
    if (status) return;
    std::string mistake = status.error().to_string();
    if (mistakes_.empty() || mistakes_.back() != mistake)
      mistakes_.push_back(std::move(mistake));  // each item of a list
  }

  Status all_mistakes() const {
    if (mistakes_.empty()) return {};
    if (mistakes_.size() == 1) return fail(ErrorCode::kInvalid, mistakes_.front());
    std::string text = std::to_string(mistakes_.size()) + " mistakes in the configuration:";
    for (const std::string& mistake : mistakes_) text += "\n  " + mistake;
    return fail(ErrorCode::kInvalid, text);
  }

  void list_files() {
    for (const auto* const text : {&sources_.application_yaml, &sources_.common_properties})
      if (*text) result_.files.emplace_back((*text)->name);
    if (const auto& script = sources_.env_script) {
      result_.files.emplace_back(script->name);
      result_.files.insert(result_.files.end(), script->sourced.begin(), script->sourced.end());
    }
    if (!sources_.porpoise_yaml.file.empty()) result_.files.push_back(sources_.porpoise_yaml.file);
  }

  Status apply_ds_conf() {
    const auto& script = sources_.env_script;
    if (sources_.application_yaml) {
      // The stock start script sources the env script before anything else, so its variables beat the files.
      Variables variables = sources_.environment;
      if (script)
        for (const EnvExport& one : script->exports) variables.try_emplace(one.name, one.value);
      PORPOISE_TRY(const DsConf conf, read_application_yaml(*sources_.application_yaml, variables));
      apply(conf);
    }
    if (script)
      PORPOISE_TRY_VOID(assign({find_setting("env-file"), Part::kWhole,
                                (sources_.ds_conf / "dolphinscheduler_env.sh").string(), "env-file", script->name}));
    if (sources_.common_properties) apply(read_common_properties(*sources_.common_properties, sources_.ds_conf));
    if (!script) return {};
    for (const EnvExport& one : script->exports) script_origins_.insert(one.origin);
    PORPOISE_TRY(const DsConf conf, read_env_script(*script));
    apply(conf);
    return {};
  }

  // Where bash could not read all of the env script, a key that such scripts give, and that neither it nor a source
  // above it gave, would be a guess.
  Status check_gap() const {
    if (!sources_.env_script || sources_.env_script->gap.empty()) return {};
    for (const std::string_view key : {"zookeeper", "time-zone"}) {
      const std::string origin = origin_of(key);
      const bool is_below =
          origin == kDefault || std::any_of(result_.files.begin(), result_.files.end(), [&](const auto& file) {
            return file != sources_.porpoise_yaml.file && origin.starts_with(file.string() + " line ");
          });
      if (is_below && script_origins_.count(origin) == 0)
        return fail(ErrorCode::kInvalid, sources_.env_script->gap + "; it may set " + std::string(key) +
                                             ", which would be a guess now: mend the file, or give " +
                                             std::string(key) + " in porpoise.yaml or by " +
                                             flag_of(*find_setting(key)));
    }
    return {};
  }

  void apply_porpoise_yaml() {
    const Config& config = sources_.porpoise_yaml;
    result_.config.plugins = config.plugins;
    note_plugin_secrets();
    for (const LocatedValue& value : config.worker) {
      const std::string origin = place(value.line);
      const Setting* const setting = find_setting(value.key);
      if (setting == nullptr) note(check_group(value, origin));
      if (setting != nullptr && !value.is_null) note(assign({setting, Part::kWhole, value.text, value.key, origin}));
    }
  }

  // What is not a key may be a mapping of keys without anything in it.
  Status check_group(const LocatedValue& value, const std::string& origin) const {
    std::vector<std::string> names;
    bool is_group = false;
    for (const Setting& setting : worker_settings()) {
      names.emplace_back(setting.name);
      is_group = is_group || setting.name.starts_with(value.key + ".");
    }
    if (is_group && value.is_null) return {};
    if (is_group) return fail(ErrorCode::kInvalid, origin + ": '" + value.key + "' must be a mapping of its keys");
    if (const std::size_t list = value.key.find('['); list != std::string::npos) {
      const std::string key = value.key.substr(0, list);
      if (find_setting(key) != nullptr)
        return fail(ErrorCode::kInvalid, origin + ": '" + key + "' is one value, not a list");
    }
    return fail(ErrorCode::kInvalid, origin + ": unknown key '" + value.key + "'" + did_you_mean(value.key, names));
  }

  void apply_environment() {
    std::map<std::string, const Setting*> known;
    std::vector<std::string> names;
    for (const Setting& setting : worker_settings()) known[names.emplace_back(variable_of(setting))] = &setting;
    names.insert(names.end(), std::begin(kOtherVariables), std::end(kOtherVariables));
    for (const auto& [name, value] : sources_.environment) {
      if (!name.starts_with(kPrefix)) continue;
      const std::string origin = "environment " + name;
      if (const auto found = known.find(name); found != known.end()) {
        if (!value.empty())
          note(assign({found->second, Part::kWhole, value, std::string(found->second->name), origin}));
      } else if (is_service_link(name, value)) {
        result_.ignored.push_back(origin + ": made by Kubernetes of a service's name");
      } else if (std::find(names.begin(), names.end(), name) == names.end()) {
        note(fail(ErrorCode::kInvalid, origin + ": no such key" + did_you_mean(name, names)));
      }
    }
  }

  Status apply_flags() {
    for (const auto& [key, value] : sources_.flags) {
      const Setting* const setting = find_setting(key);
      if (setting == nullptr) return fail(ErrorCode::kInternal, "no key '" + key + "' for a flag");
      note(assign({setting, Part::kWhole, value, key, "flag " + flag_of(*setting)}));
    }
    return {};
  }

  void apply(const DsConf& conf) {
    for (const Assignment& assignment : conf.assignments) note(assign(assignment));
    result_.ignored.insert(result_.ignored.end(), conf.ignored.begin(), conf.ignored.end());
  }

  Status assign(const Assignment& assignment) {
    const Setting& setting = *assignment.setting;
    PORPOISE_TRY(const std::string text, whole_text(assignment));
    if (!setting.value.parse(text, result_.config)) return refuse(assignment, setting.value.accepted());
    origins_[setting.name] = assignment.origin;
    if (setting.secret && !text.empty())
      for (const auto& file : result_.files)
        if (assignment.origin.starts_with(file.string() + " line ") ||
            assignment.origin.starts_with(file.string() + ", "))
          result_.secrets.emplace(file, assignment.name);
    return {};
  }

  // The value with that part of the current one which the source does not give.
  Result<std::string> whole_text(const Assignment& assignment) const {
    if (assignment.part == Part::kWhole) return assignment.text;
    const Setting& setting = *assignment.setting;
    const std::string current = setting.value.format(result_.config);
    const std::size_t colon = std::min(current.find(':'), current.size());
    if (assignment.part == Part::kHost) {
      if (!kind::read_host(assignment.text)) return refuse(assignment, "a host name or address");
      return colon == current.size() ? current : assignment.text + current.substr(colon);
    }
    if (!kind::read_port(assignment.text, 0)) return refuse(assignment, "a port");
    const bool is_untouched = origins_.count(setting.name) == 0 && !setting.ds_host.empty();
    const std::string host(is_untouched || colon == current.size() ? setting.ds_host
                                                                   : std::string_view(current).substr(0, colon));
    return host + ":" + assignment.text;
  }

  static tl::unexpected<Error> refuse(const Assignment& assignment, const std::string& accepted) {
    const std::string_view shown = assignment.setting->secret ? "****" : cut_utf8(assignment.text, kMaxShownBytes);
    return fail(ErrorCode::kInvalid,
                assignment.origin + ": " + assignment.name + " '" + std::string(shown) + "' is not " + accepted);
  }

  // What a plugin's keys mean is its own, but some names tell.
  void note_plugin_secrets() {
    const Json flat = result_.config.plugins.flatten();
    for (const auto& [pointer, value] : flat.items()) {
      std::string name = pointer.substr(pointer.rfind('/') + 1);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      for (const char* const word : {"password", "secret", "token"})
        if (name.find(word) != std::string::npos)
          result_.secrets.emplace(sources_.porpoise_yaml.file, "plugins" + pointer);
    }
  }

  // What a storage type cannot do without.
  Status check_resources() const {
    const ResourceConfig& resources = result_.config.resources;
    const bool is_web = resources.url.starts_with("http");
    switch (resources.type) {
      case StorageType::kNone: return {};
      case StorageType::kFile:
        return resources.url.starts_with("file:///") ? Status()
                                                     : need("resources.url", "a URL such as file:///mnt/shared");
      case StorageType::kWebHdfs:
        return is_web ? Status() : need("resources.url", "a URL such as http://namenode:9870");
      case StorageType::kS3: break;
    }
    if (resources.bucket.empty()) return need("resources.bucket", "a name");
    if (resources.access_key.empty() != resources.secret_key.empty())
      return need(resources.access_key.empty() ? "resources.access-key" : "resources.secret-key", "the other half");
    return is_web || resources.url.empty() ? Status() : need("resources.url", "an http or https endpoint");
  }

  Status need(const std::string& key, const std::string& what) const {
    const std::string type = find_setting("resources.type")->value.format(result_.config);
    return fail(ErrorCode::kInvalid,
                origin_of("resources.type") + ": resources.type " + type + " needs " + what + " in " + key);
  }

  void list() {
    const WorkerConfig& config = result_.config;
    for (const Setting& setting : worker_settings()) {
      std::string value = setting.value.format(config);
      if (setting.secret && !value.empty()) value = "****";
      result_.settings.push_back(
          {std::string(setting.name), std::move(value), origin_of(setting.name), std::string(setting.when_empty)});
    }
    std::string types;  // their sections may hold secrets
    for (const auto& [type, section] : config.plugins.items()) types += (types.empty() ? "" : ", ") + type;
    const bool is_given = sources_.porpoise_yaml.plugins_line > 0;
    result_.settings.push_back(
        {"plugins", types, is_given ? place(sources_.porpoise_yaml.plugins_line) : kDefault, "no settings of plugins"});
  }

  std::string place(std::size_t line) const {
    return sources_.porpoise_yaml.file.string() + " line " + std::to_string(line);
  }

  std::string origin_of(std::string_view key) const {
    const auto found = origins_.find(key);
    return found == origins_.end() ? kDefault : found->second;
  }

  const SettingsSources& sources_;
  ResolvedSettings result_;
  std::vector<std::string> mistakes_;
  std::set<std::string> script_origins_;             // of what the env script exports
  std::map<std::string_view, std::string> origins_;  // of keys that are not at their default
};

}  // namespace

Result<ResolvedSettings> resolve_settings(const SettingsSources& sources) { return Resolver(sources).resolve(); }

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
