#include "model/set_value.h"

#include <algorithm>
#include <array>
#include <utility>

namespace porpoise {
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
  // 3.1 stops at the first `)`, so that a second marker on the line is none of the value; keep that.
  inner = inner.substr(0, next_marker(inner));
  const std::size_t end = inner.rfind(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  inner = inner.substr(0, end);
  const std::size_t equals = inner.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  return Capture{std::string(inner.substr(0, equals)), std::string(inner.substr(equals + 1))};
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
