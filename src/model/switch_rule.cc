#include "model/switch_rule.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kMaxConditionBytes = 64U << 10U;
constexpr std::size_t kMaxRenderedBytes = 256U << 10U;  // values may name other values: bounds what they multiply to

// A task code as text becomes the number it is; what is neither code nor list stays as it was written.
Json canonical_node(const Json& node) {
  if (!node.is_string()) return node;
  const std::string& text = node.get_ref<const std::string&>();
  if (text.empty()) return Json();
  const auto parsed = parse_json(text);
  return parsed && (parsed->is_number_integer() || parsed->is_array()) ? *parsed : node;
}

Result<std::string> next_node_from(const Json& owner) {
  const Json node = canonical_node(owner.value("nextNode", Json()));
  if (node.is_null() || (node.is_array() && node.empty())) return std::string();
  if (node.is_object() || node.is_boolean() || node.is_number_float())
    return fail(ErrorCode::kInvalid, "nextNode " + dump_json(node) + " is neither a task code nor a list of them");
  return dump_json(node);
}

Result<SwitchBranch> branch_from(const Json& item) {
  if (!item.is_object()) return fail(ErrorCode::kInvalid, "it is not a JSON object");
  SwitchBranch branch;
  const Json condition = item.value("condition", Json(""));
  if (!condition.is_string() && !condition.is_null()) return fail(ErrorCode::kInvalid, "condition is not a text");
  if (condition.is_string()) branch.condition = condition.get<std::string>();
  PORPOISE_TRY(branch.next_node, next_node_from(item));
  return branch;
}

Result<Json> switch_result_from(const Json& task_params) {
  if (!task_params.is_object()) return fail(ErrorCode::kInvalid, "task parameters are not a JSON object");
  Json rule = task_params.value("switchResult", Json());
  if (rule.is_string()) {
    auto parsed = parse_json(rule.get_ref<const std::string&>());
    if (!parsed) return fail(parsed.error().wrap("the text of switchResult"));
    rule = std::move(*parsed);
  }
  if (!rule.is_object()) return fail(ErrorCode::kInvalid, "switchResult is missing or not a JSON object");
  return rule;
}

using PropertiesByName = std::map<std::string_view, const Property*>;

PropertiesByName by_name(const PropertyList& weaker, const PropertyList& stronger) {
  PropertiesByName properties;
  for (const PropertyList* list : {&weaker, &stronger})
    for (const Property& property : *list) properties[property.prop] = &property;
  return properties;
}

bool is_bare(const Property& property, SwitchCompat compat) {
  if (compat == SwitchCompat::k315) return is_java_number(property.value);
  constexpr std::array<std::string_view, 5> kBareTypes = {"INTEGER", "LONG", "FLOAT", "DOUBLE", "BOOLEAN"};
  return std::find(kBareTypes.begin(), kBareTypes.end(), property.type) != kBareTypes.end();
}

std::string literal(const Property& property, SwitchCompat compat) {
  return is_bare(property, compat) ? property.value : "\"" + property.value + "\"";
}

// Names in `${…}` up to the first `}`; like the regular expression of 3.1 they do not reach over a line's end.
std::vector<std::string_view> names_in(std::string_view content) {
  std::vector<std::string_view> names;
  for (std::size_t begin = content.find("${"); begin != std::string_view::npos; begin = content.find("${", begin)) {
    begin += 2;
    const std::size_t end = content.find_first_of("}\n\r", begin);
    if (end == std::string_view::npos) break;
    if (content[end] != '}') continue;
    names.push_back(content.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

Status replace_all(std::string& content, const std::string& from, const std::string& to) {
  std::string replaced;
  std::size_t copied = 0;
  for (std::size_t at = content.find(from); at != std::string::npos; at = content.find(from, copied)) {
    replaced.append(content, copied, at - copied).append(to);
    copied = at + from.size();
    if (replaced.size() > kMaxRenderedBytes)
      return fail(ErrorCode::kInvalid, "the condition grows beyond " + std::to_string(kMaxRenderedBytes) + " bytes");
  }
  content = std::move(replaced.append(content, copied));
  return {};
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of("0123456789", at), text.size());
}

// Mantissa, exponent and type suffix of a decimal number, without a sign.
bool is_java_decimal(std::string_view text) {
  std::size_t at = skip_digits(text, 0);
  std::size_t digits = at;
  const bool point = at < text.size() && text[at] == '.';
  if (point) {
    const std::size_t fraction = at + 1;
    at = skip_digits(text, fraction);
    digits += at - fraction;
  }
  if (digits == 0) return false;
  const bool exponent = at < text.size() && (text[at] == 'e' || text[at] == 'E');
  if (exponent) {
    if (++at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t first = at;
    at = skip_digits(text, first);
    if (at == first) return false;
  }
  if (at == text.size()) return true;
  const std::string_view suffixes = point || exponent ? "dDfF" : "dDfFlL";
  return at + 1 == text.size() && suffixes.find(text[at]) != std::string_view::npos;
}

}  // namespace

std::optional<SwitchCompat> switch_compat_from(std::string_view version) {
  if (version == "3.1.5") return SwitchCompat::k315;
  if (version == "3.1.9") return SwitchCompat::k319;
  return std::nullopt;
}

Result<SwitchRule> parse_switch_rule(const Json& task_params) {
  PORPOISE_TRY(const Json switch_result, switch_result_from(task_params));
  const Json list = switch_result.value("dependTaskList", Json());
  if (!list.is_array() && !list.is_null())
    return fail(ErrorCode::kInvalid, "switchResult.dependTaskList is not a JSON array");
  SwitchRule rule;
  for (const Json& item : list) {
    auto branch = branch_from(item);
    if (!branch)
      return fail(branch.error().wrap("branch " + std::to_string(rule.branches.size() + 1) + " of dependTaskList"));
    rule.branches.push_back(std::move(*branch));
  }
  PORPOISE_TRY(rule.default_node, next_node_from(switch_result));
  return rule;
}

Result<std::string> render_condition(std::string_view condition, const PropertyList& global_params,
                                     const PropertyList& var_pool, SwitchCompat compat) {
  if (condition.size() > kMaxConditionBytes)
    return fail(ErrorCode::kInvalid, "the condition is larger than " + std::to_string(kMaxConditionBytes) + " bytes");
  const bool strict = compat == SwitchCompat::k315;
  const PropertiesByName properties = strict ? by_name(var_pool, global_params) : by_name(global_params, var_pool);
  std::string original(condition);
  std::replace(original.begin(), original.end(), '\'', '"');
  std::string content = original;
  for (const std::string_view name : names_in(original)) {
    const auto found = properties.find(name);
    if (found == properties.end() && !strict) continue;
    if (found == properties.end())
      return fail(ErrorCode::kInvalid, "unknown parameter \"" + std::string(name) +
                                           "\": neither a global parameter nor set by an upstream task");
    PORPOISE_TRY_VOID(replace_all(content, "${" + std::string(name) + "}", literal(*found->second, compat)));
  }
  if (!strict && content == original)
    return fail(ErrorCode::kInvalid, "no known parameter in the condition, which 3.1.9 refuses");
  return content;
}

bool is_java_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && text.find('.') == std::string_view::npos) {
    if (text[1] == 'x' || text[1] == 'X')
      return text.size() > 2 && text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
    if (text[1] >= '0' && text[1] <= '9') return text.find_first_not_of("01234567") == std::string_view::npos;
  }
  return is_java_decimal(text);
}

}  // namespace porpoise
