#include "model/property.h"

#include <utility>

namespace porpoise {
namespace {

// Jackson coerces scalars to String; containers are an error there too.
Result<std::string> text_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::string();
  if (found->is_string()) return found->get<std::string>();
  if (found->is_structured())
    return fail(ErrorCode::kInvalid, std::string("parameter member \"") + key + "\" is not a text");
  return found->dump();
}

}  // namespace

OrderedJson to_json(const Property& property) {
  return {{"prop", property.prop},
          {"direct", property.direct == Direct::kOut ? "OUT" : "IN"},
          {"type", property.type},
          {"value", property.value}};
}

OrderedJson to_json(const PropertyList& properties) {
  OrderedJson list = OrderedJson::array();
  for (const Property& property : properties) list.push_back(to_json(property));
  return list;
}

Json to_json(const PropertyMap& properties) {
  Json map = Json::object();
  for (const auto& [name, property] : properties) map[name] = Json(to_json(property));
  return map;
}

Result<Property> property_from_json(const Json& json) {
  if (!json.is_object()) return fail(ErrorCode::kInvalid, "a parameter is not a JSON object");
  Property property;
  PORPOISE_TRY(property.prop, text_member(json, "prop"));
  PORPOISE_TRY(property.value, text_member(json, "value"));
  PORPOISE_TRY(const std::string direct, text_member(json, "direct"));
  PORPOISE_TRY(std::string type, text_member(json, "type"));
  property.direct = direct == "OUT" ? Direct::kOut : Direct::kIn;
  if (!type.empty()) property.type = std::move(type);
  return property;
}

Result<PropertyList> property_list_from_json(const Json& json) {
  PropertyList list;
  if (json.is_null()) return list;
  if (!json.is_array()) return fail(ErrorCode::kInvalid, "a parameter list is not a JSON array");
  for (const Json& item : json) {
    PORPOISE_TRY(Property property, property_from_json(item));
    list.push_back(std::move(property));
  }
  return list;
}

Result<PropertyMap> property_map_from_json(const Json& json) {
  PropertyMap map;
  if (json.is_null()) return map;
  if (!json.is_object()) return fail(ErrorCode::kInvalid, "a parameter map is not a JSON object");
  for (const auto& [name, item] : json.items()) {
    PORPOISE_TRY(Property property, property_from_json(item));
    map.emplace(name, std::move(property));
  }
  return map;
}

}  // namespace porpoise
