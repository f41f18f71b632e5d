// First byte: which version. Then the parameters of a SWITCH task; each condition is rendered, with the conditions
// themselves as values too.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "model/switch_rule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using porpoise::SwitchCompat;
  if (size == 0) return 0;
  const SwitchCompat compat = data[0] % 2 == 0 ? SwitchCompat::k315 : SwitchCompat::k319;
  const auto params = porpoise::parse_json({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!params) return 0;
  const auto rule = porpoise::parse_switch_rule(*params);
  if (!rule) return 0;
  porpoise::PropertyList values = {{.prop = "auc", .type = "DOUBLE", .value = "0.93"}, {.prop = "s", .value = "ok"}};
  for (const auto& branch : rule->branches) {
    porpoise::is_java_number(branch.condition);
    values.push_back({.prop = branch.next_node, .value = branch.condition});
  }
  for (const auto& branch : rule->branches) {
    const auto rendered = porpoise::render_condition(branch.condition, values, {}, compat);
    if (!rendered && rendered.error().message().empty()) __builtin_trap();
  }
  return 0;
}
