// A DolphinScheduler parameter (3.1 `Property`) and the JSON forms it travels in. Pure values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace porpoise {

enum class Direct { kIn, kOut };  // a null direct counts as IN

struct Property {
  std::string prop;
  Direct direct = Direct::kIn;
  std::string type = "VARCHAR";  // 3.1 `DataType` name, passed through unchecked
  std::string value;

  friend bool operator==(const Property&, const Property&) = default;
};

using PropertyList = std::vector<Property>;           // varPool, localParams, globalParams
using PropertyMap = std::map<std::string, Property>;  // prepareParamsMap

// {"prop":…,"direct":"IN","type":"VARCHAR","value":…}, members in the order the Java worker writes them.
OrderedJson to_json(const Property& property);
OrderedJson to_json(const PropertyList& properties);
Json to_json(const PropertyMap& properties);

// Accepts what Jackson accepts: null members, numbers where strings are expected, null for an empty list; and a text
// that holds the list.
Result<Property> property_from_json(const Json& json);
Result<PropertyList> property_list_from_json(const Json& json);
Result<PropertyMap> property_map_from_json(const Json& json);

// The varPool a task receives from the tasks before it, as the 3.1 master merges it (3.1 `WorkflowExecuteRunnable`).
// Pure functions.

// A finished task directly before the one that receives.
struct Upstream {
  std::int64_t end_time_ms = 0;
  PropertyList var_pool{};
};

// Per name a non-empty value beats an empty one, then the upstream that ended earliest wins (the first in the list when
// they ended together). All entries become IN. They come in the order of a Java HashMap, as the master writes them.
PropertyList merge_var_pools(const std::vector<Upstream>& upstreams);

// OUT parameters: how a task's output sets them, and the varPool a finished task hands on (3.1 `AbstractParameters`).
// Pure functions.

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

// The name in a line that begins as such a one does; the line need not be whole.
std::optional<std::string_view> set_value_name(std::string_view line);

// The varPool of a task that ended: `incoming` in its order, then the OUT parameters it declared. With no capture at
// all each is added with its default, otherwise only the captured ones; an added one replaces its namesake.
PropertyList finished_var_pool(const PropertyList& incoming, const PropertyList& declared_local_params,
                               const std::vector<Capture>& captures);

// `localParams` of a task's parameters; empty when there are none.
Result<PropertyList> local_params(std::string_view task_params_json);

}  // namespace porpoise
