// Placeholders of DolphinScheduler 3.1 in a text: `${name}` and `$[time expression]` (3.1 `ParameterUtils`).
//
// Pure functions: the moment and the zone are passed in. Hostile input ends as an error, never as a blow-up: nesting
// and the bytes that may be read and written in one call are capped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "model/property.h"

namespace porpoise {

struct ExpandTime {
  std::int64_t now_ms = 0;      // epoch
  TimeZone zone = utc();        // of every written or read time
  std::string schedule_time{};  // yyyyMMddHHmmss or empty
};

using ParameterValues = std::map<std::string, std::string>;

// Base of `$[…]`: the value "system.datetime", else the schedule time, else now. When the first that exists is no
// yyyyMMddHHmmss, `$[…]` stays as it is (so does 3.1). Unknown names stay as well, with all that is inside them.
// Errors (ErrorCode::kInvalid) name the place: "circular reference ${a} -> ${b} -> ${a} at line 1, column 6".
Result<std::string> expand(std::string_view text, const ParameterValues& values, const ExpandTime& time);

// From declared parameters to the resolved ones a task receives, as the 3.1 master does it (3.1 `CuringGlobalParams`).
// Pure functions.

// system.biz.curdate, system.biz.date (the day before) and system.datetime, of the schedule time or of now.
ParameterValues business_time(const ExpandTime& time);

// The globals of one workflow run, once at its start: `overrides` replace values by name (unknown names are added),
// then each value that begins with `$` is expanded by the business times and the other globals.
Result<PropertyList> resolve_global_params(const PropertyList& declared, const ParameterValues& overrides,
                                           const ExpandTime& time);

// What one task's parameters are made of; `global_params` are resolved.
struct ParameterSources {
  PropertyList global_params{};
  PropertyList var_pool{};
  PropertyList local_params{};
  std::int64_t task_instance_id = 0;
  std::string execute_path{};  // empty when not known yet
  ExpandTime time{};
};

// prepareParamsMap: globals, overridden by the varPool, overridden by the local IN parameters; each value that begins
// with `$` is expanded. A scheduled run always has system.datetime in it: 3.1 loses it when there is no parameter.
// Empty stands for 3.1's null.
Result<PropertyMap> prepare_params(const ParameterSources& sources);

// What expand() takes.
ParameterValues parameter_values(const PropertyMap& params);

// Placeholders of a task's parameters that nobody gives a value: 3.1 leaves them in the text, and the task then fails
// far from the cause, or does the wrong thing. Only what can be told truly is told.
//
// Pure functions; any thread.

struct Unresolved {
  std::string name;   // as written between "${" and "}"
  std::string place;  // the parameter that has it: "rawScript", "httpParams/0/value"
};

// Whether a script finds a value for the name when it runs: in the environment, or in a file that it sources.
using IsVariable = std::function<bool(const std::string& name)>;

// Those that expand() leaves in the texts of `task_params`, each once, in the order of the parameters. In a `rawScript`
// `${name}` has another reading, that of the shell (or of JavaScript, Perl, Python's Template): there a name counts
// only when the script has it nowhere else as a word, reads no other file, and `is_variable` does not know it; what the
// shell alone writes (`${1}`, `${#x}`, `${x:-y}`) never does. Text of which expand() makes an error has none.
std::vector<Unresolved> unresolved_placeholders(const Json& task_params, const ParameterValues& values,
                                                const ExpandTime& time, const IsVariable& is_variable);

// Whether a shell script that is `text` gives the name a value, or may: it has it as a word, or sources other files.
bool may_set_variable(std::string_view text, std::string_view name);

}  // namespace porpoise
