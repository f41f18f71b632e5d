#include <cstdint>
#include <porpoise/plugin.hpp>
#include <string>
#include <utility>

#include "base/json.h"
#include "es5/javascript.h"
#include "model/property.h"
#include "model/switch_rule.h"

namespace porpoise {
namespace {

using plugin::Outcome;

std::string branch_name(std::size_t index) { return "branch " + std::to_string(index + 1); }

Result<SwitchCompat> compat_from(std::string_view config_json) {
  PORPOISE_TRY(const Json config, parse_json(config_json));
  if (!config.is_object()) return fail(ErrorCode::kInvalid, "it is not a JSON object");
  const std::string version = string_or(config, "compat", "3.1.5");
  if (const auto compat = switch_compat_from(version)) return *compat;
  return fail(ErrorCode::kInvalid, "compat \"" + version + "\" is neither 3.1.5 nor 3.1.9");
}

// 3.1 runs SWITCH inside the master (`SwitchTaskProcessor`); here it is a task like any other.
class Switch final : public plugin::Task {
 public:
  using Task::Task;

  Outcome prepare(const plugin::Request& request) override {
    const Status read = this->read(request);
    return read ? Outcome::ok() : Outcome::invalid(read.error().to_string());
  }

  std::string plan() override {
    std::string text;
    for (std::size_t i = 0; i < rule_.branches.size(); ++i) {
      const auto rendered = render(i);
      text += branch_name(i) + ": " + (rendered ? *rendered : rendered.error().to_string()) + " -> " +
              rule_.branches[i].next_node + "\n";
    }
    return text + "default -> " + (rule_.default_node.empty() ? "none" : rule_.default_node) + "\n";
  }

  // Any error ends the task, as in 3.1: a later branch is not tried in place of a broken one.
  Outcome run() override {
    const auto* const extension = host().extension<porpoise_branch>(PORPOISE_EXT_BRANCH);
    if (extension == nullptr) return Outcome::failed("this host does not take a branch (" PORPOISE_EXT_BRANCH ")");
    for (std::size_t i = 0; i < rule_.branches.size(); ++i) {
      const auto taken = is_taken(i);
      if (!taken) return Outcome::failed(taken.error().to_string());
      if (*taken) return choose(*extension, i, rule_.branches[i].next_node, branch_name(i));
    }
    return choose(*extension, rule_.branches.size(), rule_.default_node, "the default branch");
  }

 private:
  Status read(const plugin::Request& request) {
    PORPOISE_TRY(const Json params, parse_json(request.params_json));
    PORPOISE_TRY(rule_, parse_switch_rule(params));
    auto compat = compat_from(request.config_json);
    if (!compat) return fail(compat.error().wrap("configuration of the SWITCH plugin"));
    compat_ = *compat;
    PORPOISE_TRY(const Json context, parse_json(request.context_json));
    if (!context.is_object()) return fail(ErrorCode::kInvalid, "the context of the task is not a JSON object");
    PORPOISE_TRY(global_params_, property_list_from_json(context.value("globalParams", Json())));
    PORPOISE_TRY(var_pool_, property_list_from_json(context.value("varPool", Json())));
    return {};
  }

  Result<std::string> render(std::size_t index) const {
    const std::string& condition = rule_.branches[index].condition;
    auto rendered = render_condition(condition, global_params_, var_pool_, compat_);
    if (!rendered) return fail(rendered.error().wrap(branch_name(index) + ", condition \"" + condition + "\""));
    return rendered;
  }

  Result<bool> is_taken(std::size_t index) const {
    const std::string& condition = rule_.branches[index].condition;
    if (condition.empty()) {
      host().info(branch_name(index) + " has no condition: always taken");
      return true;
    }
    host().info(branch_name(index) + " condition: " + condition);
    PORPOISE_TRY(const std::string rendered, render(index));
    host().info(branch_name(index) + " rendered: " + rendered);
    auto result = evaluate_boolean(rendered);
    if (!result) return fail(result.error().wrap(branch_name(index) + ", condition `" + rendered + "`"));
    host().info(branch_name(index) + " result: " + (*result ? "true" : "false"));
    return result;
  }

  Outcome choose(const porpoise_branch& extension, std::size_t index, const std::string& next_node,
                 const std::string& name) const {
    if (next_node.empty())
      return Outcome::failed(name + " was chosen, but it has no task to go on with; give it a nextNode");
    host().info("going on with " + name + ": task " + next_node);
    extension.choose(host().raw(), static_cast<std::int32_t>(index), plugin::to_c(next_node));
    return Outcome::ok();
  }

  SwitchRule rule_;
  SwitchCompat compat_ = SwitchCompat::k315;
  PropertyList global_params_;
  PropertyList var_pool_;
};

}  // namespace
}  // namespace porpoise

PORPOISE_PLUGIN(PORPOISE_TYPE("SWITCH", porpoise::Switch));
