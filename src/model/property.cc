#include "model/property.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
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
  property.direct = direct == "OUT" || direct == "1" ? Direct::kOut : Direct::kIn;  // 3.1 `Direct`: IN, OUT
  if (!type.empty()) property.type = std::move(type);
  return property;
}

Result<PropertyList> property_list_from_json(const Json& json) {
  PropertyList list;
  if (json.is_null() || json == "") return list;
  if (json.is_string()) {
    PORPOISE_TRY(const Json inner, parse_json(json.get_ref<const std::string&>()));
    if (!inner.is_string()) return property_list_from_json(inner);
  }
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

namespace {

struct Candidate {
  const Property* property;
  std::int64_t end_time_ms;
};

bool replaces(const Candidate& later, const Candidate& held) {
  if (later.property->value.empty()) return false;
  return held.property->value.empty() || later.end_time_ms < held.end_time_ms;
}

// Decodes one UTF-8 character, which UTF-8 from JSON always is; a broken byte counts as itself.
char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : '\0'); };
  const unsigned char first = byte(at);
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  char32_t character = more == 0 ? first : first & (0x3FU >> more);
  for (std::size_t i = 1; i <= more; ++i) character = (character << 6U) | (byte(at + i) & 0x3FU);
  at += more + 1;
  return character;
}

// Java's String.hashCode, over UTF-16 units.
std::uint32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t character = next_character(text, at);
    if (character >= 0x10000) hash = hash * 31 + (0xD800U + ((character - 0x10000U) >> 10U));
    hash = hash * 31 + (character >= 0x10000 ? 0xDC00U + ((character - 0x10000U) & 0x3FFU) : character);
  }
  return hash;
}

// The buckets of a HashMap that grew to `count` entries: 16, doubled whenever more than three quarters are in use.
std::uint32_t java_table_size(std::size_t count) {
  std::uint32_t size = 16;
  while (count * 4 > static_cast<std::size_t>(size) * 3) size *= 2;
  return size;
}

// Inside a bucket entries keep the order in which they were inserted, also through growth. (From nine in one bucket on
// Java makes a tree of it; names of parameters do not come near.)
void sort_like_java_hash_map(PropertyList& list) {
  const std::uint32_t mask = java_table_size(list.size()) - 1;
  const auto bucket = [mask](const Property& property) {
    const std::uint32_t hash = java_hash(property.prop);
    return (hash ^ (hash >> 16U)) & mask;
  };
  std::stable_sort(list.begin(), list.end(),
                   [&](const Property& a, const Property& b) { return bucket(a) < bucket(b); });
}

}  // namespace

PropertyList merge_var_pools(const std::vector<Upstream>& upstreams) {
  std::vector<Candidate> chosen;  // in the order of first insertion
  std::map<std::string_view, std::size_t> places;
  for (const Upstream& upstream : upstreams) {
    for (const Property& property : upstream.var_pool) {
      const Candidate candidate{&property, upstream.end_time_ms};
      const auto [place, added] = places.emplace(property.prop, chosen.size());
      if (added) {
        chosen.push_back(candidate);
      } else if (replaces(candidate, chosen[place->second])) {
        chosen[place->second] = candidate;
      }
    }
  }
  PropertyList merged;
  for (const Candidate& candidate : chosen) {
    merged.push_back(*candidate.property);
    merged.back().direct = Direct::kIn;
  }
  sort_like_java_hash_map(merged);
  return merged;
}

namespace {

constexpr std::array<std::string_view, 2> kMarkers = {"${setValue(", "#{setValue("};
constexpr std::string_view kEnd = ")}";

bool starts_with_marker(std::string_view line) {
  return std::any_of(kMarkers.begin(), kMarkers.end(),
                     [&](std::string_view marker) { return line.starts_with(marker); });
}

std::size_t next_marker(std::string_view text) {
  std::size_t nearest = text.size();
  for (const std::string_view marker : kMarkers) nearest = std::min(nearest, text.find(marker));
  return nearest;
}

// The last capture of a name counts.
const Capture* find_capture(const std::vector<Capture>& captures, const std::string& name) {
  const auto found = std::find_if(captures.rbegin(), captures.rend(), [&](const Capture& c) { return c.name == name; });
  return found == captures.rend() ? nullptr : &*found;
}

}  // namespace

std::optional<Capture> parse_set_value(std::string_view line) {
  if (!starts_with_marker(line)) return std::nullopt;
  std::string_view inner = line.substr(kMarkers[0].size());
  // 3.1 stops at the first `)`, so that a second marker on the line is not part of the value; keep that.
  inner = inner.substr(0, next_marker(inner));
  const std::size_t end = inner.rfind(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  inner = inner.substr(0, end);
  const std::size_t equals = inner.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  return Capture{std::string(inner.substr(0, equals)), std::string(inner.substr(equals + 1))};
}

std::optional<std::string_view> set_value_name(std::string_view line) {
  if (!starts_with_marker(line)) return std::nullopt;
  line.remove_prefix(kMarkers[0].size());
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  return line.substr(0, equals);
}

PropertyList finished_var_pool(const PropertyList& incoming, const PropertyList& declared_local_params,
                               const std::vector<Capture>& captures) {
  PropertyList pool = incoming;
  for (const Property& declared : declared_local_params) {
    if (declared.direct != Direct::kOut) continue;
    const Capture* const capture = find_capture(captures, declared.prop);
    if (capture == nullptr && !captures.empty()) continue;
    Property out = declared;
    if (capture != nullptr) out.value = capture->value;
    std::erase_if(pool, [&](const Property& property) { return property.prop == out.prop; });
    pool.push_back(std::move(out));
  }
  return pool;
}

Result<PropertyList> local_params(std::string_view task_params_json) {
  PORPOISE_TRY(const Json params, parse_json(task_params_json));
  if (!params.is_object()) return fail(ErrorCode::kInvalid, "task parameters are not a JSON object");
  auto list = property_list_from_json(params.value("localParams", Json()));
  if (!list) return fail(list.error().wrap("localParams"));
  return list;
}

}  // namespace porpoise
