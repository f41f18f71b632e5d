// The part of JSON Schema that describes taskParams: type, required, enum, properties, items, default, description.
//
// Pure. As lenient as DolphinScheduler's own parser (Jackson): null counts as absent, numbers and texts of numbers are
// interchangeable, members the schema does not know are fine.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace porpoise {

struct SchemaProblem {
  std::string pointer;  // JSON pointer into the parameters: "/httpParams/0/prop"
  std::string message;  // "is missing"
};

// Empty when `params` fit; at most 20 problems.
std::vector<SchemaProblem> check_params(const Json& schema, const Json& params);

// One parameter for people; members of nested objects are named "httpParams[].prop".
struct ParameterRow {
  std::string name;
  std::string type;  // "string", "list of object", "GET | POST"
  bool required = false;
  std::string fallback;  // JSON text of the default, or empty
  std::string description;
};

// Required parameters first, then by name.
std::vector<ParameterRow> list_parameters(const Json& schema);

}  // namespace porpoise
