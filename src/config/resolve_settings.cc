// What the worker's configuration becomes: each source in its turn gives keys values, and what has been taken is judged
// as a whole at the end.
#include "config/worker_settings.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxShownBytes = 200;  // of a value that is refused
constexpr const char* kDefault = "default";
constexpr std::string_view kPrefix = "PORPOISE_";

// Variables of porpoise that are no keys of the worker: those of other commands, of the build and of tests.
constexpr std::string_view kOtherVariables[] = {"PORPOISE_CONFIG",       "PORPOISE_DS_CONF", "PORPOISE_PLUGIN_PATH",
                                                "PORPOISE_HOST",         "PORPOISE_PYTHON",  "PORPOISE_BIN",
                                                "PORPOISE_BUILD",        "PORPOISE_JOBS",    "PORPOISE_TASK_ID",
                                                "PORPOISE_FUZZ_SECONDS", "PORPOISE_SEED",    "PORPOISE_SEEDS"};

// What the sources have given so far, and each mistake in it: one start tells all of them. A value; one thread.
class Assignments {
 public:
  // Remembers a mistake and continues.
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

  bool has_mistakes() const { return !mistakes_.empty(); }

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

  std::string origin_of(std::string_view key) const {
    const auto found = origins_.find(key);
    return found == origins_.end() ? kDefault : found->second;
  }

  ResolvedSettings& result() { return result_; }
  const ResolvedSettings& result() const { return result_; }

 private:
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

  ResolvedSettings result_;
  std::vector<std::string> mistakes_;
  std::map<std::string_view, std::string> origins_;  // of keys that are not at their default
};

// --- The sources ---

// All that was read.
std::vector<fs::path> files_of(const SettingsSources& sources) {
  std::vector<fs::path> files;
  for (const auto* const text : {&sources.application_yaml, &sources.common_properties})
    if (*text) files.emplace_back((*text)->name);
  if (const auto& script = sources.env_script) {
    files.emplace_back(script->name);
    files.insert(files.end(), script->sourced.begin(), script->sourced.end());
  }
  if (!sources.porpoise_yaml.file.empty()) files.push_back(sources.porpoise_yaml.file);
  return files;
}

std::string place(const SettingsSources& sources, std::size_t line) {
  return sources.porpoise_yaml.file.string() + " line " + std::to_string(line);
}

Status apply_ds_conf(const SettingsSources& sources, Assignments& taken) {
  const auto& script = sources.env_script;
  if (sources.application_yaml) {
    // The stock start script sources the env script before anything else, so its variables beat the files.
    Variables variables = sources.environment;
    if (script)
      for (const EnvExport& one : script->exports) variables.try_emplace(one.name, one.value);
    PORPOISE_TRY(const DsConf conf, read_application_yaml(*sources.application_yaml, variables));
    taken.apply(conf);
  }
  if (script)
    PORPOISE_TRY_VOID(taken.assign({find_setting("env-file"), Part::kWhole,
                                    (sources.ds_conf / "dolphinscheduler_env.sh").string(), "env-file", script->name}));
  if (sources.common_properties) taken.apply(read_common_properties(*sources.common_properties, sources.ds_conf));
  if (!script) return {};
  PORPOISE_TRY(const DsConf conf, read_env_script(*script));
  taken.apply(conf);
  return {};
}

// What a plugin's keys mean is its own, but some names tell.
void note_plugin_secrets(const Config& config, ResolvedSettings& result) {
  const Json flat = config.plugins.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    std::string name = pointer.substr(pointer.rfind('/') + 1);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const char* const word : {"password", "secret", "token"})
      if (name.find(word) != std::string::npos) result.secrets.emplace(config.file, "plugins" + pointer);
  }
}

// What is not a key may be a mapping of keys without anything in it.
Status check_group(const LocatedValue& value, const std::string& origin) {
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

void apply_porpoise_yaml(const SettingsSources& sources, Assignments& taken) {
  const Config& config = sources.porpoise_yaml;
  taken.result().config.plugins = config.plugins;
  note_plugin_secrets(config, taken.result());
  for (const LocatedValue& value : config.worker) {
    const std::string origin = place(sources, value.line);
    const Setting* const setting = find_setting(value.key);
    if (setting == nullptr) taken.note(check_group(value, origin));
    if (setting != nullptr && !value.is_null)
      taken.note(taken.assign({setting, Part::kWhole, value.text, value.key, origin}));
  }
}

void apply_environment(const Variables& variables, Assignments& taken) {
  std::map<std::string, const Setting*> known;
  std::vector<std::string> names;
  for (const Setting& setting : worker_settings()) known[names.emplace_back(variable_of(setting))] = &setting;
  names.insert(names.end(), std::begin(kOtherVariables), std::end(kOtherVariables));
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string origin = "environment " + name;
    if (const auto found = known.find(name); found != known.end()) {
      if (!value.empty())
        taken.note(taken.assign({found->second, Part::kWhole, value, std::string(found->second->name), origin}));
    } else if (is_service_link(name, value)) {
      taken.result().ignored.push_back(origin + ": made by Kubernetes of a service's name");
    } else if (std::find(names.begin(), names.end(), name) == names.end()) {
      taken.note(fail(ErrorCode::kInvalid, origin + ": no such key" + did_you_mean(name, names)));
    }
  }
}

Status apply_flags(const FlagValues& flags, Assignments& taken) {
  for (const auto& [key, value] : flags) {
    const Setting* const setting = find_setting(key);
    if (setting == nullptr) return fail(ErrorCode::kInternal, "no key '" + key + "' for a flag");
    taken.note(taken.assign({setting, Part::kWhole, value, key, "flag " + flag_of(*setting)}));
  }
  return {};
}

// --- What they come to ---

// Where bash could not read all of the env script, a key that such scripts give, and that neither it nor a source
// above it gave, would be a guess.
Status check_gap(const SettingsSources& sources, const Assignments& taken) {
  if (!sources.env_script || sources.env_script->gap.empty()) return {};
  std::set<std::string> script_origins;  // of what the env script exports
  for (const EnvExport& one : sources.env_script->exports) script_origins.insert(one.origin);
  for (const std::string_view key : {"zookeeper", "time-zone"}) {
    const std::string origin = taken.origin_of(key);
    const bool is_below = origin == kDefault ||
                          std::any_of(taken.result().files.begin(), taken.result().files.end(), [&](const auto& file) {
                            return file != sources.porpoise_yaml.file && origin.starts_with(file.string() + " line ");
                          });
    if (is_below && script_origins.count(origin) == 0)
      return fail(ErrorCode::kInvalid, sources.env_script->gap + "; it may set " + std::string(key) +
                                           ", which would be a guess now: mend the file, or give " + std::string(key) +
                                           " in porpoise.yaml or by " + flag_of(*find_setting(key)));
  }
  return {};
}

Status need(const Assignments& taken, const std::string& key, const std::string& what) {
  const std::string type = find_setting("resources.type")->value.format(taken.result().config);
  return fail(ErrorCode::kInvalid,
              taken.origin_of("resources.type") + ": resources.type " + type + " needs " + what + " in " + key);
}

// What a storage type cannot do without.
Status check_resources(const Assignments& taken) {
  const ResourceConfig& resources = taken.result().config.resources;
  const bool is_web = resources.url.starts_with("http");
  switch (resources.type) {
    case StorageType::kNone: return {};
    case StorageType::kFile:
      return resources.url.starts_with("file:///") ? Status()
                                                   : need(taken, "resources.url", "a URL such as file:///mnt/shared");
    case StorageType::kWebHdfs:
      return is_web ? Status() : need(taken, "resources.url", "a URL such as http://namenode:9870");
    case StorageType::kS3: break;
  }
  if (resources.bucket.empty()) return need(taken, "resources.bucket", "a name");
  if (resources.access_key.empty() != resources.secret_key.empty())
    return need(taken, resources.access_key.empty() ? "resources.access-key" : "resources.secret-key",
                "the other half");
  return is_web || resources.url.empty() ? Status() : need(taken, "resources.url", "an http or https endpoint");
}

// Every key with its value and its origin.
void list(const SettingsSources& sources, Assignments& taken) {
  const WorkerConfig& config = taken.result().config;
  for (const Setting& setting : worker_settings()) {
    std::string value = setting.value.format(config);
    if (setting.secret && !value.empty()) value = "****";
    taken.result().settings.push_back(
        {std::string(setting.name), std::move(value), taken.origin_of(setting.name), std::string(setting.when_empty)});
  }
  std::string types;  // their sections may hold secrets
  for (const auto& [type, section] : config.plugins.items()) types += (types.empty() ? "" : ", ") + type;
  const bool is_given = sources.porpoise_yaml.plugins_line > 0;
  taken.result().settings.push_back({"plugins", types,
                                     is_given ? place(sources, sources.porpoise_yaml.plugins_line) : kDefault,
                                     "no settings of plugins"});
}

}  // namespace

Result<ResolvedSettings> resolve_settings(const SettingsSources& sources) {
  Assignments taken;
  ResolvedSettings& result = taken.result();
  result.files = files_of(sources);
  taken.note(apply_ds_conf(sources, taken));
  apply_porpoise_yaml(sources, taken);
  if (const auto stock = read_ds_environment(sources.environment))
    taken.apply(*stock);
  else
    taken.note(fail(stock.error()));
  apply_environment(sources.environment, taken);
  PORPOISE_TRY_VOID(apply_flags(sources.flags, taken));
  if (!taken.has_mistakes()) taken.note(check_gap(sources, taken));
  if (!taken.has_mistakes()) taken.note(check_resources(taken));
  PORPOISE_TRY_VOID(taken.all_mistakes());
  for (const auto& [file, key] : result.secrets) result.config.files_with_secrets.push_back(fs::absolute(file));
  list(sources, taken);
  return std::move(result);
}

}  // namespace porpoise
