// What the stock 3.1 worker is configured with, in porpoise's keys: application.yaml, common.properties, what
// dolphinscheduler_env.sh exports, and the environment variables that Spring Boot reads.
//
// Values and pure functions, any thread: files come as text. Nothing is dropped silently: what has no effect is in
// `ignored`, once, with its place.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/ds/env_script.h"
#include "config/settings_table.h"
#include "config/yaml.h"

namespace porpoise {

// --- The formats, read as Java reads them, in ds_files.cc.

// Java's .properties format, as java.util.Properties.load reads it. Every text is a properties file: there are no
// errors. A key that is there twice comes twice; Java takes the last.
std::vector<LocatedValue> parse_properties(std::string_view text);

// Spring's ${NAME:default} in a value of application.yaml, as `PropertyPlaceholderHelper` replaces it.
using PlaceholderLookup = std::function<std::optional<std::string>(std::string_view name)>;

// Values that are looked up, and defaults, may have placeholders themselves. A name without a value and without a
// default is an error, and so is a value that needs itself.
Result<std::string> resolve_placeholders(std::string_view text, const PlaceholderLookup& lookup);

// --- What they say, in porpoise's keys.

// A file that was read.
struct ConfigText {
  std::string name;  // as it is called in messages
  std::string text;
};

// One source gives one key a value.
struct Assignment {
  const Setting* setting = nullptr;
  Part part = Part::kWhole;
  std::string text;
  std::string name;    // what the source calls the key
  std::string origin;  // "conf/application.yaml line 12"
};

struct DsConf {
  std::vector<Assignment> assignments;
  std::vector<std::string>
      ignored;  // "conf/application.yaml line 3: spring.datasource.url: porpoise needs no database"
};

// Placeholders are looked up in `variables`, then in the file itself.
Result<DsConf> read_application_yaml(const ConfigText& file, const Variables& variables);

// `folder` is where a relative dolphinscheduler.env.path begins.
DsConf read_common_properties(const ConfigText& file, const std::filesystem::path& folder);

// Only what the stock start script would pass on to the worker itself; all else in it is for tasks. What bash
// complained of is in `ignored`.
Result<DsConf> read_env_script(const EnvScript& script);

Result<DsConf> read_ds_environment(const Variables& variables);

// Kubernetes makes PORPOISE_PORT=tcp://… of a service named porpoise; such variables are not meant for us.
bool is_service_link(std::string_view name, std::string_view value);

// --- Why a key of the stock worker has no effect in porpoise.

// "porpoise needs no database" for "spring.datasource.url"; empty when nothing is known of the key. Keys are those of
// application.yaml and common.properties.
std::string_view reason_to_ignore(std::string_view key);

// Whether an environment variable is of the stock servers, as far as its name tells, and the reason as above.
bool is_ds_variable(std::string_view name);
std::string_view reason_to_ignore_variable(std::string_view name);

}  // namespace porpoise
