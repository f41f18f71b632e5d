// A DolphinScheduler parameter (3.1 `Property`) and the JSON forms it travels in. Pure values.
#pragma once

#include <map>
#include <string>
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

// Accepts what Jackson accepts: null members, numbers where strings are expected, null for an empty list.
Result<Property> property_from_json(const Json& json);
Result<PropertyList> property_list_from_json(const Json& json);
Result<PropertyMap> property_map_from_json(const Json& json);

}  // namespace porpoise
