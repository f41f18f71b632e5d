#include "cli/replay_input.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "model/date_time.h"
#include "workflow/import.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxMatchedName = 1000;
constexpr std::size_t kMaxPattern = 200;           // std::regex reads them by recursion
constexpr std::size_t kMaxFileBytes = 64U << 20U;  // what parse_json takes

template <typename Names>
std::string quoted_list(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + escape_controls(name) + "'";
  return text;
}

Result<std::size_t> choose_workflow(const std::vector<Workflow>& workflows, const std::string& name) {
  std::vector<std::string> names;
  names.reserve(workflows.size());
  for (const Workflow& workflow : workflows) names.push_back(workflow.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  if (!name.empty()) return fail(ErrorCode::kInvalid, "no workflow '" + name + "'" + did_you_mean(name, names));
  if (names.size() == 1) return 0U;
  return fail(ErrorCode::kInvalid, "there are several workflows; choose one with --workflow: " + quoted_list(names));
}

Result<std::int64_t> find_task(const Workflow& workflow, const std::string& name) {
  if (const TaskDefinition* const task = workflow.find(std::string_view(name)); task != nullptr) return task->code;
  std::vector<std::string> names;
  for (const TaskDefinition& task : workflow.tasks) names.push_back(task.name);
  const std::string hint = did_you_mean(name, names);
  return fail(ErrorCode::kInvalid, "workflow '" + workflow.name + "' has no task '" + name + "'" +
                                       (hint.empty() ? "; --list shows those that it has" : hint));
}

Status select_tasks(const ReplayOptions& options, ReplayInput& input) {
  const std::string& name = options.task.empty() ? options.from : options.task;
  if (name.empty()) return {};
  PORPOISE_TRY(const std::int64_t code, find_task(input.workflow(), name));
  input.only.emplace();
  if (options.from.empty()) {
    input.only->insert(code);
  } else {
    const std::vector<std::int64_t> codes = input.workflow().from(code);
    input.only->insert(codes.begin(), codes.end());
  }
  return {};
}

// Tasks are named in the chosen workflow and in those that it may start, whatever another option leaves out.
std::set<std::int64_t> nameable(const ReplayInput& input) {
  std::set<std::int64_t> codes;
  for (const Workflow& workflow : reachable({input.workflows, input.workflow(), {}})) codes.insert(workflow.code);
  return codes;
}

using OnTask = std::function<void(Workflow&, TaskDefinition&)>;

bool for_each_task(ReplayInput& input, const std::set<std::int64_t>& codes,
                   const std::function<bool(const std::string&)>& matches, const OnTask& on_task) {
  bool found = false;
  for (Workflow& workflow : input.workflows)
    for (TaskDefinition& task : workflow.tasks) {
      if (!codes.contains(workflow.code) || !matches(task.name)) continue;
      on_task(workflow, task);
      found = true;
    }
  return found;
}

Error no_such_task(const ReplayInput& input, const std::set<std::int64_t>& codes, const std::string& option,
                   const std::string& name) {
  std::vector<std::string> names;
  for (const Workflow& workflow : input.workflows)
    for (const TaskDefinition& task : workflow.tasks)
      if (codes.contains(workflow.code)) names.push_back(task.name);
  return {ErrorCode::kInvalid, option + ": there is no task '" + name + "'" + did_you_mean(name, names)};
}

Result<std::function<bool(const std::string&)>> task_pattern(const std::string& text) {
  if (text.size() < 3 || text.front() != '/' || text.back() != '/')
    return [text](const std::string& name) { return name == text; };
  if (text.size() > kMaxPattern)
    return fail(ErrorCode::kInvalid, "--skip: a regular expression has at most " + std::to_string(kMaxPattern) +
                                         " characters; give several");
  try {
    // Without back-references, in time that does not explode: an extension of libstdc++.
    constexpr auto kSyntax = std::regex_constants::ECMAScript | std::regex_constants::__polynomial;
    return [pattern = std::regex(text.substr(1, text.size() - 2), kSyntax)](const std::string& name) {
      return name.size() <= kMaxMatchedName && std::regex_search(name, pattern);
    };
  } catch (const std::regex_error& error) {
    return fail(ErrorCode::kInvalid, "--skip " + text + ": not a regular expression: " + error.what());
  }
}

Status leave_out(const ReplayOptions& options, const std::set<std::int64_t>& codes, ReplayInput& input) {
  for (const std::string& option : options.skip) {
    PORPOISE_TRY(const auto matches, task_pattern(option));
    std::map<std::int64_t, std::set<std::int64_t>> left_out;  // by workflow
    const bool found = for_each_task(input, codes, matches, [&](Workflow& workflow, const TaskDefinition& task) {
      if (left_out[workflow.code].contains(task.code)) return;
      for (const std::int64_t code : workflow.from(task.code)) left_out[workflow.code].insert(code);
    });
    if (!found) return fail(no_such_task(input, codes, "--skip", option));
    for (Workflow& workflow : input.workflows)
      for (TaskDefinition& task : workflow.tasks)
        if (left_out[workflow.code].contains(task.code)) task.left_out = true;
  }
  if (options.skip.empty()) return {};
  std::vector<std::string> names;
  for (const Workflow& workflow : input.workflows)
    for (const TaskDefinition& task : workflow.tasks)
      if (task.left_out) names.push_back(task.name);
  input.notes.push_back("left out by --skip: " + quoted_list(names));
  const bool all = !input.only;
  if (all) input.only.emplace();
  for (const TaskDefinition& task : input.workflow().tasks) {
    if (task.left_out) input.only->erase(task.code);
    if (all && !task.left_out) input.only->insert(task.code);
  }
  return {};
}

// "k:v,k2:v2"; a part without ':' belongs to the value before it.
Result<PropertyList> parse_outputs(const std::string& option, std::string_view text) {
  PropertyList outputs;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::size_t colon = part.find(':');
    if (colon == 0 || (colon == std::string_view::npos && outputs.empty()))
      return fail(ErrorCode::kInvalid, "--assume " + shell_quoted(option) + ": outputs are written TASK=NAME:VALUE,…");
    if (colon == std::string_view::npos)
      outputs.back().value.append(",").append(part);
    else
      outputs.push_back(
          {std::string(part.substr(0, colon)), Direct::kOut, "VARCHAR", std::string(part.substr(colon + 1))});
  }
  return outputs;
}

// Names may contain '=', so the longest beginning that is a task's name counts.
Status assume(const ReplayOptions& options, const std::set<std::int64_t>& codes, ReplayInput& input) {
  for (const std::string& option : options.assume) {
    bool found = false;
    for (std::size_t end = option.size(); !found && end != std::string::npos && end > 0;
         end = option.rfind('=', end - 1)) {
      const std::string name = option.substr(0, end);
      if (end < option.size() && option[end] != '=') continue;
      PropertyList outputs;
      const auto take = [&](Workflow& /*workflow*/, TaskDefinition& task) {
        task.assumed = outputs;
        task.delay = std::chrono::minutes(0);
      };
      const auto is_named = [&](const std::string& task) { return task == name; };
      if (!for_each_task(input, codes, is_named, [](Workflow& /*workflow*/, TaskDefinition& /*task*/) {})) continue;
      PORPOISE_TRY(outputs, parse_outputs(option, end < option.size() ? std::string_view(option).substr(end + 1) : ""));
      found = for_each_task(input, codes, is_named, take);
    }
    if (!found) return fail(no_such_task(input, codes, "--assume", option.substr(0, option.find('='))));
  }
  return {};
}

// --resource options, each 'ID=FULL NAME'.
Status name_resources(const ReplayOptions& options, ReplayInput& input) {
  std::map<std::int64_t, std::string> names;
  for (const std::string& option : options.resource) {
    const std::size_t equals = option.find('=');
    const auto id = code_from_json(Json(option.substr(0, equals)));
    if (equals == std::string::npos || !id)
      return fail(ErrorCode::kInvalid, "--resource " + shell_quoted(option) + " is not of the form ID=/FULL/NAME");
    const std::string name = option.substr(equals + 1);
    if (const auto target = resource_target(name); !target) return fail(target.error().wrap("--resource"));
    names[*id] = name;
  }
  for (const std::int64_t id : porpoise::name_resources(input.workflows, names))
    input.notes.push_back("--resource " + std::to_string(id) + ": no task of the file has a resource with this id");
  return {};
}

// What is not run may stay broken.
Status mend(const ReplayOptions& options, ReplayInput& input) {
  for (const std::string& option : options.relink)
    PORPOISE_TRY_VOID(apply_relink(input.workflows[input.chosen], option));
  for (const Workflow& reached : reachable(input.plan())) {
    const auto workflow = std::find_if(input.workflows.begin(), input.workflows.end(),
                                       [&](const Workflow& other) { return other.code == reached.code; });
    const std::vector<Dangling> stale = find_dangling(*workflow);
    if (std::none_of(stale.begin(), stale.end(), [&](const Dangling& at) { return reached.find(at.task) != nullptr; }))
      continue;
    PORPOISE_TRY(const std::vector<std::string> done, relink_by_only_reading(*workflow));
    input.notes.insert(input.notes.end(), done.begin(), done.end());
  }
  return {};
}

// "2026-01-31 12:00:00" or "20260131120000".
Result<std::string> parse_schedule_time(const std::string& text) {
  std::string digits = text;
  if (text.size() == 19 && text[4] == '-' && text[7] == '-' && text[10] == ' ' && text[13] == ':' && text[16] == ':')
    std::erase_if(digits, [](char c) { return c == '-' || c == ' ' || c == ':'; });
  if (text.empty() || parse_civil_time(digits)) return digits;
  return fail(ErrorCode::kInvalid, "--schedule-time '" + text + "' is neither yyyy-MM-dd HH:mm:ss nor yyyyMMddHHmmss");
}

// A name that is neither declared nor used is probably misspelt: its parameter then keeps the value of the file.
void look_for_unknown_names(ReplayInput& input) {
  std::set<std::string> declared;
  for (const Workflow& workflow : reachable(input.plan()))
    for (const Property& global : workflow.global_params) declared.insert(global.prop);
  for (const auto& [name, value] : input.overrides) {
    if (declared.contains(name) || input.text.find("${" + name + "}") != std::string::npos) continue;
    input.notes.push_back("--set " + name + ": no global parameter and no placeholder of the file has this name" +
                          did_you_mean(name, {declared.begin(), declared.end()}));
  }
}

Status resolve_inputs(const ReplayOptions& options, ReplayInput& input) {
  input.time.now_ms = wall_ms();
  input.time.zone = system_time_zone();
  PORPOISE_TRY(input.time.schedule_time, parse_schedule_time(options.schedule_time));
  PORPOISE_TRY(input.overrides, parse_overrides(options.set));
  PORPOISE_TRY(input.config, options.config.empty()
                                 ? find_config(config_search_path(environment("XDG_CONFIG_HOME"), environment("HOME")))
                                 : load_config(options.config));
  // Again when the run starts, as the sandbox may add to them; here only to find what is wrong in time.
  PORPOISE_TRY_VOID(run_parameters(input.workflow(), input.overrides, input.time));
  look_for_unknown_names(input);
  return {};
}

// What scripts may find in their environment, as far as it can be seen without running anything.
void look_at_environment(const ReplayOptions& options, RunSettings& settings) {
  constexpr std::size_t kMaxEnvFile = 1U << 20U;
  if (!options.env_file.empty())
    settings.environment_text = read_file(options.env_file, kMaxEnvFile).value_or("source it");  // which says anything
  for (const auto& [name, value] : process_environment()) settings.variables.insert(name);
  if (!options.python.empty()) settings.variables.insert("PYTHON_HOME");
}

void set_environment(const ReplayOptions& options, const fs::path& python, RunSettings& settings) {
  const std::string env_file = options.env_file.empty() ? "" : fs::absolute(options.env_file).string();
  if (python.empty()) {
    settings.env_file = env_file;
    return;
  }
  // An environment replaces the file (3.1 `ShellCommandExecutor`), so it has to source it itself.
  if (!env_file.empty()) settings.environment_config = "source " + shell_quoted(env_file) + "\n";
  settings.environment_config += "export PYTHON_HOME=" + shell_quoted(python.string());
}

FailureStrategy failure_strategy(const ReplayOptions& options, const Workflow& workflow) {
  if (options.failure_strategy == "end") return FailureStrategy::kEnd;
  if (options.failure_strategy == "continue") return FailureStrategy::kContinue;
  return workflow.schedule_failure_strategy.value_or(FailureStrategy::kContinue);
}

}  // namespace

Result<ReplayInput> read_replay_input(const ReplayOptions& options) {
  ReplayInput input;
  PORPOISE_TRY(input.text, options.file == "-" ? read_descriptor(STDIN_FILENO, kMaxFileBytes, "standard input")
                                               : read_file(options.file, kMaxFileBytes));
  auto workflows = import_workflows(input.text, &input.notes);
  if (!workflows) return fail(in_file(options.file, workflows.error()));
  input.workflows = std::move(*workflows);
  PORPOISE_TRY(input.chosen, choose_workflow(input.workflows, options.workflow));
  PORPOISE_TRY_VOID(select_tasks(options, input));
  const std::set<std::int64_t> codes = nameable(input);
  PORPOISE_TRY_VOID(leave_out(options, codes, input));
  PORPOISE_TRY_VOID(assume(options, codes, input));
  if (input.only && input.only->empty())
    return fail(ErrorCode::kInvalid,
                "--skip leaves nothing to run: what comes after a task that is left out is left out, "
                "too; --assume takes a task as done, and what comes after it runs");
  PORPOISE_TRY_VOID(name_resources(options, input));
  if (const Status mended = mend(options, input); !mended) {
    if (!options.list) return fail(in_file(options.file, mended.error()));
    input.stale = mended.error().to_string();
  }
  if (options.dry_run && !options.list)
    if (const std::string unnamed = unnamed_resources(reachable(input.plan())); !unnamed.empty())
      input.notes.push_back("a run would refuse this: " + unnamed);
  PORPOISE_TRY_VOID(resolve_inputs(options, input));
  return input;
}

Error in_file(const fs::path& file, const Error& problems) {
  std::string message = (file == "-" ? "standard input" : file.string()) + " cannot be replayed:\n  ";
  for (const char c : problems.to_string()) message.append(c == '\n' ? "\n  " : std::string(1, c));
  return {problems.code(), message};
}

RunSettings make_run_settings(const ReplayOptions& options, const ReplayInput& input, const Catalog& catalog,
                              const fs::path& python) {
  RunSettings settings;
  settings.workflows = input.workflows;
  for (const std::string& type : plugin_types(reachable(input.plan())))
    if (const CatalogEntry* const entry = catalog.find(type); entry != nullptr)
      settings.plugins[type] = {entry->file, input.config.plugin(type)};
  if (const auto found = settings.plugins.find(std::string(kSwitch)); found != settings.plugins.end())
    if (!options.compat.empty()) found->second.config["compat"] = options.compat;
  settings.failure_strategy = failure_strategy(options, input.workflow());
  settings.parallel =
      options.parallel > 0 ? options.parallel : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  settings.time_scale = options.time_scale;
  settings.kill_grace = std::chrono::milliseconds(static_cast<std::int64_t>(options.kill_grace_seconds * 1000));
  if (!options.resources.empty()) settings.resources = fs::absolute(options.resources).lexically_normal();
  settings.dry_run = options.dry_run;
  settings.keep_work = options.keep_work;
  settings.keep_leftovers = options.leftovers == "keep";
  set_environment(options, python, settings);
  look_at_environment(options, settings);
  return settings;
}

Result<fs::path> default_run_directory(const ReplayInput& input) {
  fs::path base(environment("XDG_STATE_HOME"));
  if (base.empty() && !environment("HOME").empty()) base = fs::path(environment("HOME")) / ".local/state";
  if (base.empty()) return fail(ErrorCode::kInvalid, "HOME is not set: say with --run-dir where logs go");
  return base / "porpoise/runs" /
         (file_name_of(input.workflow().name) + "-" + time_text(input.time, "yyyyMMdd-HHmmss") + "-" +
          std::to_string(::getpid()));
}

std::string time_text(const ExpandTime& time, const char* pattern) {
  return format_time(pattern, civil_time(time.now_ms, time.zone)).value_or("0");
}

}  // namespace porpoise
