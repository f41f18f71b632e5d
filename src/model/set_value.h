// OUT parameters: how a task's output sets them, and the varPool a finished task hands on (3.1 `AbstractParameters`).
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/property.h"

namespace porpoise {

// One `name=value` that a task printed.
struct Capture {
  std::string name;
  std::string value;

  friend bool operator==(const Capture&, const Capture&) = default;
};

// A line (without its line feed) that begins with `${setValue(` or `#{setValue(`. The value reaches to the last `)}`
// before the next marker, so it may contain `=` and `)`, and it may be empty. Anything else is an ordinary line of the
// log, also one that begins with a marker but never closes it.
std::optional<Capture> parse_set_value(std::string_view line);

// The varPool of a task that ended: `incoming` in its order, then the OUT parameters it declared. With no capture at
// all each is added with its default, otherwise only the captured ones; an added one replaces its namesake.
PropertyList finished_var_pool(const PropertyList& incoming, const PropertyList& declared_local_params,
                               const std::vector<Capture>& captures);

// `localParams` of a task's parameters; empty when there are none.
Result<PropertyList> local_params(std::string_view task_params_json);

}  // namespace porpoise
