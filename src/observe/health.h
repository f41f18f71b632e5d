// Whether the worker is well, and what is wrong if not, in the shape that Spring Boot's actuator gives it. Values;
// pure.
#pragma once

#include <string>
#include <vector>

namespace porpoise {

struct HealthComponent {
  std::string name;  // "registered", "stateDirWritable"
  bool up = true;
  std::string reason = {};  // why it is down, or a remark
  bool vital = false;       // while it is down, only a restart helps: it also decides about liveness
};

struct HealthReport {
  std::vector<HealthComponent> components;
};

enum class HealthGroup { kAll, kLiveness, kReadiness };

struct HealthAnswer {
  bool up = true;
  std::string json;  // {"status":"UP","components":{…}}
};

// The worst component of the group decides: vital ones about liveness, each about readiness and the whole.
HealthAnswer render_health(const HealthReport& report, HealthGroup group);

}  // namespace porpoise
