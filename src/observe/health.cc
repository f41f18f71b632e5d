#include "observe/health.h"

#include "base/json.h"

namespace porpoise {
namespace {

const char* status(bool up) { return up ? "UP" : "DOWN"; }

OrderedJson render(const HealthComponent& component) {
  OrderedJson json = {{"status", status(component.up)}};
  if (!component.reason.empty()) json["details"] = {{"reason", component.reason}};
  return json;
}

}  // namespace

HealthAnswer render_health(const HealthReport& report, HealthGroup group) {
  HealthAnswer answer;
  OrderedJson components = OrderedJson::object();
  for (const HealthComponent& component : report.components) {
    if (group == HealthGroup::kLiveness && !component.vital) continue;
    components[component.name] = render(component);
    answer.up = answer.up && component.up;
  }
  OrderedJson json = {{"status", status(answer.up)}};
  if (!components.empty()) json["components"] = std::move(components);
  if (group == HealthGroup::kAll) json["groups"] = {"liveness", "readiness"};
  answer.json = dump_json(json);
  return answer;
}

}  // namespace porpoise
