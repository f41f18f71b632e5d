#include "config/ds/ds_conf.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "base/text.h"
#include "config/settings_table.h"
#include "config/yaml.h"

namespace porpoise {
namespace {

constexpr const char* kRegistryType = "registry.type";

std::string place(const ConfigText& file, std::size_t line) { return file.name + " line " + std::to_string(line); }

std::string or_unknown(std::string_view reason, std::string_view key, const std::vector<std::string>& known) {
  return reason.empty() ? "not a key that porpoise knows" + did_you_mean(key, known) : std::string(reason);
}

Status check_registry_type(const std::string& origin, std::string_view name, std::string_view value) {
  if (value == "zookeeper") return {};
  return fail(ErrorCode::kInvalid, origin + ": " + std::string(name) + " '" + std::string(value) +
                                       "' is not supported; porpoise registers in zookeeper only");
}

struct Target {
  const Setting* setting;
  Part part;
};

std::optional<Target> find_by_path(std::string_view key) {
  const std::string form = uniform(key);
  for (const Setting& setting : worker_settings())
    for (const auto& [path, part] : setting.application)
      if (!path.empty() && uniform(path) == form) return Target{&setting, part};
  return std::nullopt;
}

std::optional<Target> find_by_variable(std::string_view name) {
  for (const Setting& setting : worker_settings()) {
    if (name == setting.ds_variable) return Target{&setting, Part::kWhole};
    for (const auto& [path, part] : setting.application) {
      if (path.empty()) continue;
      const std::vector<std::string> names = ds_variables_of(path);
      if (std::find(names.begin(), names.end(), name) != names.end()) return Target{&setting, part};
    }
  }
  return std::nullopt;
}

std::vector<std::string> known_paths() {
  std::vector<std::string> paths;
  for (const Setting& setting : worker_settings())
    for (const DsKey& key : setting.application)
      if (!key.path.empty()) paths.emplace_back(key.path);
  return paths;
}

std::vector<std::string> known_variables() {
  std::vector<std::string> names;
  for (const std::string& path : known_paths()) names.push_back(ds_variables_of(path).front());
  return names;
}

// application.yaml.

class ApplicationReader {
 public:
  ApplicationReader(const ConfigText& file, const Variables& variables) : file_(file), variables_(variables) {}

  Result<DsConf> read() {
    const auto documents = load_yaml(file_.text);
    if (!documents) return fail(documents.error().wrap(file_.name));
    YamlConverter converter;
    for (const YAML::Node& document : *documents) {
      if (!document.IsMap()) continue;
      auto values = converter.flatten(document);
      if (!values) return fail(values.error().wrap(file_.name));
      values_ = std::move(*values);
      PORPOISE_TRY_VOID(read_document());
    }
    return std::move(conf_);
  }

 private:
  Status read_document() {
    if (const LocatedValue* const profile = foreign_profile(); profile != nullptr) {
      conf_.ignored.push_back(place(file_, profile->line) + ": a document of profile '" + profile->text +
                              "': only those without a profile count");
      return {};
    }
    for (const LocatedValue& value : values_) PORPOISE_TRY_VOID(read_value(value));
    return {};
  }

  // The value that keeps the document for a profile other than the default one.
  const LocatedValue* foreign_profile() const {
    const auto found = std::find_if(values_.begin(), values_.end(), [](const LocatedValue& value) {
      const std::string key = uniform(value.key.substr(0, value.key.find('[')));
      return (key == "spring.config.activate.onprofile" || key == "spring.profiles") && !value.is_null &&
             value.text != "default";
    });
    return found == values_.end() ? nullptr : &*found;
  }

  Status read_value(const LocatedValue& value) {
    const auto target = find_by_path(value.key);
    if (!target && uniform(value.key) != kRegistryType) {
      ignore(value);
      return {};
    }
    if (value.is_null) return {};
    auto text = resolve_placeholders(value.text, [this](std::string_view name) { return lookup(name); });
    const std::string origin = place(file_, value.line);
    if (!text) return fail(text.error().wrap(origin + ": " + value.key));
    if (text->empty()) return {};
    if (!target) return check_registry_type(origin, value.key, *text);
    conf_.assignments.push_back({target->setting, target->part, *std::move(text), value.key, origin});
    return {};
  }

  std::optional<std::string> lookup(std::string_view name) const {
    if (const auto found = variables_.find(name); found != variables_.end()) return found->second;
    for (const LocatedValue& value : values_)
      if (value.key == name && !value.is_null) return value.text;
    return std::nullopt;
  }

  void ignore(const LocatedValue& value) {
    const std::string key = value.key.substr(0, value.key.find('['));  // a list counts once
    if (!seen_.insert(key).second) return;
    conf_.ignored.push_back(place(file_, value.line) + ": " + key + ": " +
                            or_unknown(reason_to_ignore(key), key, known_paths()));
  }

  const ConfigText& file_;
  const Variables& variables_;
  std::vector<LocatedValue> values_;  // of the document being read
  std::set<std::string> seen_;
  DsConf conf_;
};

// Environment variables.

// `called` is what messages call it, in addition to its origin.
Status read_variable(const LocatedValue& variable, const std::string& origin, const std::string& called, DsConf& conf) {
  const std::string& name = variable.key;
  if (variable.text.empty()) return {};
  if (name == "REGISTRY_TYPE") return check_registry_type(origin, name, variable.text);
  if (const auto target = find_by_variable(name)) {
    const std::string key = called.empty() ? std::string(target->setting->name) : called;
    conf.assignments.push_back({target->setting, target->part, variable.text, key, origin});
  } else if (is_ds_variable(name)) {
    conf.ignored.push_back(origin + ": " + (called.empty() ? "" : called + ": ") +
                           or_unknown(reason_to_ignore_variable(name), name, known_variables()));
  }
  return {};
}

bool ends_like_service_port(std::string_view name) {  // …_PORT_1234_TCP, …_PORT_1234_TCP_ADDR
  const std::size_t port = name.rfind("_PORT_");
  return port != std::string_view::npos && port + 6 < name.size() &&
         std::isdigit(static_cast<unsigned char>(name[port + 6])) != 0;
}

}  // namespace

bool is_service_link(std::string_view name, std::string_view value) {
  for (const std::string_view scheme : {"tcp://", "udp://", "sctp://"})
    if (value.starts_with(scheme)) return true;
  return name.find("_SERVICE_HOST") != std::string_view::npos || name.find("_SERVICE_PORT") != std::string_view::npos ||
         ends_like_service_port(name);
}

Result<DsConf> read_application_yaml(const ConfigText& file, const Variables& variables) {
  try {
    return ApplicationReader(file, variables).read();
  } catch (const YAML::Exception& error) {  // a node that yaml-cpp cannot look into
    return fail(ErrorCode::kInvalid, file.name + ": " + error.msg);
  }
}

Result<DsConf> read_env_script(const EnvScript& script) {
  DsConf conf;
  for (const EnvExport& one : script.exports)
    PORPOISE_TRY_VOID(read_variable({one.name, one.value, 0, false}, one.origin, one.name, conf));
  conf.ignored.insert(conf.ignored.end(), script.problems.begin(), script.problems.end());
  return conf;
}

Result<DsConf> read_ds_environment(const Variables& variables) {
  DsConf conf;
  for (const auto& [name, value] : variables)
    if (!is_service_link(name, value))
      PORPOISE_TRY_VOID(read_variable({name, value, 0, false}, "environment " + name, "", conf));
  return conf;
}

namespace {

struct Reason {
  std::string_view prefix;  // of a key in its uniform form
  std::string_view text;
};

constexpr std::string_view kNoDatabase = "porpoise needs no database";
constexpr std::string_view kSpring = "of the Java server's framework";
constexpr std::string_view kReconnects = "porpoise keeps trying to connect";
constexpr std::string_view kKerberos = "Kerberos is not supported";
constexpr std::string_view kOss = "OSS is not supported";
constexpr std::string_view kYarn = "porpoise does not ask YARN";
constexpr std::string_view kTaskType = "of a task type that porpoise does not have";

// The first that fits counts.
constexpr Reason kReasons[] = {
    {"spring.datasource", kNoDatabase},
    {"spring.sql", kNoDatabase},
    {"spring.jackson", "set time-zone or SPRING_JACKSON_TIME_ZONE; the format of dates is fixed"},
    {"spring", kSpring},
    {"registry.zookeeper.retrypolicy", kReconnects},
    {"registry.zookeeper.connectiontimeout", kReconnects},
    {"registry.zookeeper.blockuntilconnected", kReconnects},
    {"worker.registrydisconnectstrategy",
     "no equivalent: tasks continue until the session has expired, then on-session-expired decides"},
    {"worker.tenantdistributeduser", "tenants of LDAP and SSSD are found in any case"},
    {"worker.groups", "worker groups are kept by the masters since 3.1.1"},
    {"server", "of the Java web server"},
    {"management", "health and metrics are always served at http"},
    {"metrics", "health and metrics are always served at http"},
    {"master", "of another server"},
    {"alert.rpc.port", "alert-server says where the alert server is"},
    {"resource.alibaba", kOss},
    {"hadoop.security", kKerberos},
    {"java.security.krb5", kKerberos},
    {"login.user.keytab", kKerberos},
    {"kerberos", kKerberos},
    {"yarn", kYarn},
    {"resource.manager.httpaddress", kYarn},
    {"datasource.encryption", "porpoise reads no data source passwords"},
    {"support.hive", kTaskType},
    {"dataquality", kTaskType},
    {"conda", kTaskType},
    {"ml", kTaskType},
    {"settaskdirtotenant.enable", "a working directory always belongs to its tenant"},
    {"task.resource.limit", "limits of a task's CPU and memory are not supported"},
    {"dolphin.scheduler.network", "set advertise-address when the address found out is not the right one"},
};

bool is_below(std::string_view key, std::string_view prefix) {
  return key.starts_with(prefix) && (key.size() == prefix.size() || key[prefix.size()] == '.');
}

std::string without_dots(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c != '.') result += c;
  return result;
}

}  // namespace

std::string_view reason_to_ignore(std::string_view key) {
  const std::string form = uniform(key);
  for (const auto& [prefix, text] : kReasons)
    if (is_below(form, prefix)) return text;
  return {};
}

bool is_ds_variable(std::string_view name) {
  for (const std::string_view prefix : {"SPRING_", "REGISTRY_", "WORKER_", "MASTER_"})
    if (name.starts_with(prefix)) return true;
  return name == "DATABASE";
}

std::string_view reason_to_ignore_variable(std::string_view name) {
  if (name == "DATABASE") return kNoDatabase;
  const std::string form = uniform(name);  // neither dots nor dashes are left
  for (const auto& [prefix, text] : kReasons)
    if (form.starts_with(without_dots(prefix))) return text;
  return {};
}

}  // namespace porpoise
