// The formats of the Java worker's configuration, read as Java and bash read them: .properties, Spring's placeholders,
// dolphinscheduler_env.sh. Pure; any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/yaml.h"

namespace porpoise {

// Java's .properties format, as java.util.Properties.load reads it. Pure.

// Every text is a properties file: there are no errors. A key that is there twice comes twice; Java takes the last.
std::vector<LocatedValue> parse_properties(std::string_view text);

// Spring's ${NAME:default} in a value of application.yaml, as `PropertyPlaceholderHelper` replaces it. Pure.
using PlaceholderLookup = std::function<std::optional<std::string>(std::string_view name)>;

// Values that are looked up, and defaults, may have placeholders themselves. A name without a value and without a
// default is an error, and so is a value that needs itself.
Result<std::string> resolve_placeholders(std::string_view text, const PlaceholderLookup& lookup);

// dolphinscheduler_env.sh without a shell: the lines `export NAME=value` whose value can be known by reading. Pure.
using Variables = std::map<std::string, std::string, std::less<>>;

struct EnvExports {
  std::vector<LocatedValue> plain;  // in order; the last of a name counts
  std::vector<LocatedValue> other;  // their value needs a shell: $(…), an indented line, an open quote; text is empty
};

// $NAME, ${NAME}, ${NAME:-default} and ${NAME-default} are replaced from earlier lines, then from `variables`, as bash
// would. Lines without a value (`export NAME`) are left out.
EnvExports parse_env_script(std::string_view text, const Variables& variables);

}  // namespace porpoise
