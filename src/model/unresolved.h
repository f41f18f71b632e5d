// Placeholders of a task's parameters that nobody gives a value: 3.1 leaves them in the text, and the task then fails
// far from the cause, or does the wrong thing. Only what can be told truly is told.
//
// Pure functions; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/parameter_resolution.h"

namespace porpoise {

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
