#include "cli/commands.h"

#include <cerrno>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "es5/javascript.h"
#include "model/date_time.h"
#include "model/parameter_resolution.h"
#include "model/switch_rule.h"
#include "workflow/workflow.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxLineBytes = 64U << 20U;  // as for any JSON from outside

// What differs between the two commands.
struct Command {
  const char* input;  // member that holds the expression
  std::function<Result<Json>(const std::string&, const ParameterValues&)> evaluate;
  std::function<void(OrderedJson& line, const std::string& message)> put_error;
};

// Empty at the end of the input. A line over the limit is read to its end, so that the next one starts where it should.
std::optional<Result<std::string>> read_line(std::istream& in) {
  std::string line;
  std::size_t size = 0;
  for (int next = in.get(); next != std::istream::traits_type::eof(); next = in.get()) {
    if (next == '\n') break;
    if (++size <= kMaxLineBytes) line += static_cast<char>(next);
  }
  if (size == 0 && in.eof()) return std::nullopt;
  if (size > kMaxLineBytes) return fail(ErrorCode::kInvalid, "longer than " + std::to_string(kMaxLineBytes) + " bytes");
  return line;
}

// Parsed twice: parse_json has the limits and the messages, OrderedJson keeps the order.
Result<OrderedJson> parse_line(const std::string& line, const char* input) {
  PORPOISE_TRY(const Json checked, parse_json(line));
  if (!checked.is_object()) return fail(ErrorCode::kInvalid, "not a JSON object");
  const auto expression = checked.find(input);
  if (expression == checked.end() || !expression->is_string())
    return fail(ErrorCode::kInvalid, std::string("member \"") + input + "\" is missing or not a text");
  return OrderedJson::parse(line, nullptr, false);
}

// Members override `defaults`; null counts as unknown, as in 3.1.
Result<ParameterValues> read_params(const OrderedJson& line, const ParameterValues& defaults) {
  ParameterValues values = defaults;
  const OrderedJson params = line.value("params", OrderedJson());
  if (params.is_null()) return values;
  if (!params.is_object()) return fail(ErrorCode::kInvalid, "member \"params\" is not a JSON object");
  for (const auto& [name, value] : params.items()) {
    if (value.is_structured()) return fail(ErrorCode::kInvalid, "parameter \"" + name + "\" is not a text");
    values.erase(name);
    if (!value.is_null()) values[name] = value.is_string() ? value.get<std::string>() : dump_json(value);
  }
  return values;
}

// The line with its answer; an error is one of the line itself, not of the expression on it.
Result<OrderedJson> answer_line(const std::string& text, const Command& command, const ParameterValues& defaults) {
  PORPOISE_TRY(OrderedJson line, parse_line(text, command.input));
  PORPOISE_TRY(const ParameterValues values, read_params(line, defaults));
  for (const char* const answer : {"result", "error", "message"}) line.erase(answer);
  const auto result = command.evaluate(line.at(command.input).get<std::string>(), values);
  if (result) {
    line["result"] = *result;
  } else {
    command.put_error(line, result.error().to_string());
  }
  return line;
}

int run_lines(const Command& command, const ParameterValues& defaults) {
  int exit_code = kExitOk;
  for (std::size_t number = 1; const auto text = read_line(std::cin); ++number) {
    if (*text && text->value().find_first_not_of(" \t\r") == std::string::npos) continue;
    auto line = text->and_then([&](const std::string& given) { return answer_line(given, command, defaults); });
    if (!line) {
      exit_code = kExitUsage;
      OrderedJson answer = OrderedJson::object();
      command.put_error(answer, "input line " + std::to_string(number) + ": " + line.error().to_string());
      line = std::move(answer);
    }
    std::cout << dump_json(*line) << std::endl;  // a person or program may wait for each answer
  }
  return exit_code;
}

int run_expression(const std::string& expression, const Command& command, const ParameterValues& values) {
  const auto result = command.evaluate(expression, values);
  if (!result) return print_error(result.error(), kExitFailed);
  std::cout << (result->is_string() ? result->get<std::string>() : dump_json(*result)) << std::endl;
  return kExitOk;
}

int run(const EvalOptions& options, const Command& command) {
  const auto values = parse_overrides(options.set);
  if (!values) return print_error(values.error(), kExitUsage);
  const int exit_code =
      options.has_expression ? run_expression(options.expression, command, *values) : run_lines(command, *values);
  if (std::cout || errno == EPIPE || exit_code != kExitOk) return exit_code;  // a reader that has left is no error
  return print_error("cannot write to standard output", kExitEnvironment);
}

Result<ExpandTime> expand_time(const EvalOptions& options) {
  if (!options.datetime.empty() && !parse_civil_time(options.datetime))
    return fail(ErrorCode::kInvalid, "--datetime '" + options.datetime + "' is not of the form yyyyMMddHHmmss");
  PORPOISE_TRY_VOID(use_time_zone(options.time_zone));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return ExpandTime{std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), system_time_zone(),
                    options.datetime};
}

Result<Json> evaluate_condition(const std::string& condition, const ParameterValues& values, SwitchCompat compat) {
  PropertyList params;
  for (const auto& [name, value] : values)
    params.push_back({.prop = name, .direct = Direct::kIn, .type = "VARCHAR", .value = value});
  PORPOISE_TRY(const std::string rendered, render_condition(condition, params, {}, compat));
  const auto result = evaluate_boolean(rendered);
  if (!result) return fail(result.error().wrap("rendered as `" + rendered + "`"));
  return Json(*result);
}

}  // namespace

int eval_params(const EvalOptions& options) {
  const auto time = expand_time(options);
  if (!time) return print_error(time.error(), kExitUsage);
  const auto evaluate = [&time](const std::string& text, const ParameterValues& values) {
    return expand(text, values, *time).map([](std::string result) { return Json(std::move(result)); });
  };
  const auto put_error = [](OrderedJson& line, const std::string& message) { line["error"] = message; };
  return run(options, {"text", evaluate, put_error});
}

int eval_switch(const EvalOptions& options) {
  const SwitchCompat compat = switch_compat_from(options.compat).value_or(SwitchCompat::k315);
  const auto evaluate = [compat](const std::string& condition, const ParameterValues& values) {
    return evaluate_condition(condition, values, compat);
  };
  const auto put_error = [](OrderedJson& line, const std::string& message) {
    line["result"] = "error";
    line["message"] = message;
  };
  return run(options, {"condition", evaluate, put_error});
}

}  // namespace porpoise
