#include "cli/replay_input.h"

#include <unistd.h>

#include <algorithm>
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

constexpr std::size_t kMaxFileBytes = 64U << 20U;  // what parse_json takes

template <typename Names>
std::string quoted_list(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
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
  return fail(ErrorCode::kInvalid,
              "workflow '" + workflow.name + "' has no task '" + name + "'" + did_you_mean(name, names));
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
  return {};
}

// For bash: one word whatever is in it.
std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
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
  auto workflows = import_workflows(input.text);
  if (!workflows) return fail(in_file(options.file, workflows.error()));
  input.workflows = std::move(*workflows);
  PORPOISE_TRY(input.chosen, choose_workflow(input.workflows, options.workflow));
  PORPOISE_TRY_VOID(select_tasks(options, input));
  if (const Status mended = mend(options, input); !mended) return fail(in_file(options.file, mended.error()));
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
  set_environment(options, python, settings);
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
