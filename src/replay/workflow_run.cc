#include "replay/workflow_run.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "model/parameter_resolution.h"
#include "progress/output.h"
#include "replay/run_directory.h"

namespace porpoise {
namespace {

bool runs_in_host(const TaskDefinition& task) {
  return !task.assumed && task.type != kConditions && task.type != kSubProcess;
}

// A dry run decides nothing, so it shows every branch: for the graph nothing chooses. A task that is taken as done
// chooses nothing, either.
Workflow planned(Workflow workflow, bool dry_run) {
  for (TaskDefinition& task : workflow.tasks)
    if ((dry_run || task.assumed) && (task.type == kSwitch || task.type == kConditions)) task.type.clear();
  return workflow;
}

// All of a workflow but what is left out; nothing: all.
std::optional<std::set<std::int64_t>> not_left_out(const Workflow& workflow) {
  std::set<std::int64_t> codes;
  for (const TaskDefinition& task : workflow.tasks)
    if (!task.left_out) codes.insert(task.code);
  return codes.size() == workflow.tasks.size() ? std::nullopt : std::optional(codes);
}

// What the task before handed on, the OUT parameters that the task declares, and those that it was said to have.
PropertyList assumed_var_pool(const PropertyList& received, const TaskDefinition& task) {
  PropertyList pool = finished_var_pool(received, task.local_params, {});
  for (const Property& output : *task.assumed) {
    const auto is_same = [&](const Property& other) { return other.prop == output.prop; };
    const auto known = std::find_if(pool.begin(), pool.end(), is_same);
    Property as_declared = known != pool.end() && known->direct == Direct::kOut ? *known : output;
    as_declared.value = output.value;
    std::erase_if(pool, is_same);
    pool.push_back(std::move(as_declared));
  }
  return pool;
}

// "'deploy sql', 'report'", or "no task".
std::string named(const Workflow& workflow, const std::vector<std::int64_t>& codes) {
  std::string text;
  for (const std::int64_t code : codes) text += (text.empty() ? "'" : ", '") + workflow.name_of(code) + "'";
  return text.empty() ? "no task" : text;
}

// A line of a plan that ends with "-> " and the codes of tasks has their names in place of these.
std::string with_names(const Workflow& workflow, const std::string& line) {
  constexpr std::string_view kArrow = " -> ";
  const std::size_t arrow = line.rfind(kArrow);
  if (arrow == std::string::npos) return line;
  const auto target = parse_json(std::string_view(line).substr(arrow + kArrow.size()));
  if (!target) return line;
  std::vector<std::int64_t> codes;
  for (const Json& one : target->is_array() ? *target : Json::array({*target}))
    if (const auto code = code_from_json(one); code && workflow.find(*code) != nullptr) codes.push_back(*code);
  return codes.empty() ? line : line.substr(0, arrow + kArrow.size()) + named(workflow, codes);
}

// An attempt that needs no process: its result is reported in the next turn of the io_context.
class InstantAttempt final : public Attempt {
 public:
  InstantAttempt(boost::asio::io_context& io, TaskResult result, AttemptDone on_done) {
    boost::asio::post(io, [result = std::move(result), on_done = std::move(on_done)] { on_done(result); });
  }
  void stop(const std::string& /*reason*/, bool /*at_once*/) override {}
};

}  // namespace

WorkflowRun::WorkflowRun(RunContext& context, const Workflow& workflow, GraphOptions options, RunParameters parameters,
                         std::string prefix, std::function<void()> on_done)
    : context_(context),
      workflow_(workflow),
      planned_(planned(workflow, context.settings.dry_run)),
      options_(std::move(options)),
      graph_(planned_, options_),
      parameters_(std::move(parameters)),
      prefix_(std::move(prefix)),
      on_done_(std::move(on_done)),
      process_{context.next_process_instance++, workflow.code, workflow.version},
      timeout_(context.io) {
  for (const TaskDefinition& task : workflow_.tasks)
    if (!options_.only || options_.only->contains(task.code)) unannounced_.insert(task.code);
}

WorkflowRun::~WorkflowRun() = default;

void WorkflowRun::begin() {
  if (!stopping_) watch_timeout();
  launch(graph_.start());
}

void WorkflowRun::stop(const std::string& reason, bool at_once) {
  if (graph_.done()) return;
  stopping_ = true;
  graph_.stop(reason);
  stop_tasks(reason, at_once);
  launch({});
}

// The master does no more than alert when a workflow is late (3.1 `WorkflowExecuteRunnable`).
void WorkflowRun::watch_timeout() {
  const auto limit = context_.settings.scaled(workflow_.timeout);
  if (limit.count() == 0 || context_.settings.dry_run) return;
  timeout_.expires_after(limit);
  timeout_.async_wait([this, limit](const boost::system::error_code& error) {
    if (error) return;
    context_.status.note("workflow '" + workflow_.name + "' runs longer than its timeout of " + format_duration(limit),
                         context_.elapsed());
  });
}

void WorkflowRun::launch(const std::vector<std::int64_t>& codes) {
  for (const std::int64_t code : codes) launch(code);
  announce_settled();
  if (!graph_.done() || !on_done_) return;
  timeout_.cancel();
  boost::asio::post(context_.io, std::exchange(on_done_, nullptr));
}

void WorkflowRun::launch(std::int64_t code) {
  const TaskDefinition* const task = workflow_.find(code);
  if (task == nullptr) return;
  std::vector<Upstream> upstreams;
  for (const std::int64_t source : graph_.var_pool_sources(code)) upstreams.push_back(results_[source]);
  received_[code] = merge_var_pools(upstreams);
  TaskOwner& owner = *this;
  auto& run = tasks_[code];
  run = std::make_unique<TaskRun>(context_, *task, process_, prefix_ + task->name, runs_in_host(*task), owner);
  run->begin();
}

void WorkflowRun::task_starting(TaskRun& task) {
  unannounced_.erase(task.definition().code);
  graph_.started(task.definition().code);
}

bool WorkflowRun::may_retry(const TaskRun& task, TaskState state, int attempt) const {
  return !context_.settings.dry_run && graph_.may_retry(task.definition().code, state, attempt);
}

void WorkflowRun::task_ended(TaskRun& task, const TaskResult& result) {
  const std::int64_t code = task.definition().code;
  results_[code] = {result.end_time_ms, result.var_pool};
  last_var_pool_ = result.var_pool;
  // A dry run continues, to show everything that is wrong.
  const bool shown_only = context_.settings.dry_run;
  failed_in_dry_run_ = failed_in_dry_run_ || (shown_only && result.state != TaskState::kSuccess);
  const std::vector<std::int64_t> ready =
      graph_.finished(code, {shown_only ? TaskState::kSuccess : result.state, result.branch});
  if (graph_.ending() && !std::exchange(stopping_, true))
    stop_tasks("'" + task.report().name + "' failed (failure strategy END)", false);
  launch(ready);
}

std::vector<std::string> WorkflowRun::leads_to(const TaskRun& task, const TaskResult& result) const {
  const TaskDefinition& definition = task.definition();
  if (context_.settings.dry_run || definition.assumed) return {};
  const std::vector<BranchSlot> slots = branch_slots(definition.type, definition.params);
  std::size_t chosen = slots.size();
  if (definition.type == kConditions && result.state != TaskState::kKill)
    chosen = result.state == TaskState::kSuccess ? 0 : 1;
  else if (result.state == TaskState::kSuccess && result.branch && result.branch->index >= 0)
    chosen = static_cast<std::size_t>(result.branch->index);
  std::vector<std::string> names;
  if (chosen < slots.size())
    for (const std::int64_t code : slots[chosen].codes) names.push_back(workflow_.name_of(code));
  return names;
}

std::vector<std::string> WorkflowRun::plan_of(const TaskRun& task, std::vector<std::string> lines) const {
  if (!branch_slots(task.definition().type, task.definition().params).empty())
    for (std::string& line : lines) line = with_names(workflow_, line);
  return lines;
}

void WorkflowRun::stop_tasks(const std::string& reason, bool at_once) {
  for (const auto& [code, task] : tasks_) task->stop(reason, at_once);
}

// Tells of the tasks that will not come to run, each once.
void WorkflowRun::announce_settled() {
  for (auto code = unannounced_.begin(); code != unannounced_.end();) {
    const NodeState state = graph_.status(*code).state;
    const bool settled = state == NodeState::kSkipped || state == NodeState::kForbidden || state == NodeState::kNotRun;
    if (settled) context_.status.task_skipped(report_of(*workflow_.find(*code)), context_.elapsed());
    code = settled ? unannounced_.erase(code) : std::next(code);
  }
}

RunState WorkflowRun::state() const {
  const RunState state = graph_.state();
  return state == RunState::kSuccess && failed_in_dry_run_ ? RunState::kFailure : state;
}

TaskReport WorkflowRun::report_of(const TaskDefinition& task) const {
  const auto run = tasks_.find(task.code);
  if (run != tasks_.end() && run->second->report().instance_id != 0) return run->second->report();
  const NodeStatus& status = graph_.status(task.code);
  TaskReport report;
  report.name = prefix_ + task.name;
  report.type = task.type;
  report.nested = process_.id != 1;
  report.state = status.state;
  report.message = status.reason;
  return report;
}

void WorkflowRun::collect(std::vector<TaskReport>& reports) const {
  for (const TaskDefinition& task : workflow_.tasks) {
    if (options_.only && !options_.only->contains(task.code)) continue;
    reports.push_back(report_of(task));
    const auto run = tasks_.find(task.code);
    if (run == tasks_.end()) continue;
    if (const auto* child = dynamic_cast<const SubWorkflow*>(run->second->current())) child->collect(reports);
  }
}

Result<std::unique_ptr<Attempt>> WorkflowRun::start_attempt(TaskRun& task, AttemptDone on_done) {
  if (task.definition().assumed) return start_assumed(task, std::move(on_done));
  if (task.definition().type == kConditions) return start_conditions(task, std::move(on_done));
  if (task.definition().type == kSubProcess) return start_sub_workflow(task, std::move(on_done));
  return start_host(task, std::move(on_done));
}

Result<std::unique_ptr<Attempt>> WorkflowRun::start_host(TaskRun& task, AttemptDone on_done) {
  PORPOISE_TRY(const TaskRequest request, make_request(task));
  if (request.attempt == 1) warn_of_unresolved(task, request.prepare_params);
  PORPOISE_TRY_VOID(context_.directory.make_state_folder(request.task_instance_id));
  const auto on_line = [this, id = request.task_instance_id](std::string_view line) {
    context_.status.task_line(id, line);
  };
  return context_.start_host(request, context_.directory.state_path(request.task_instance_id), on_line,
                             std::move(on_done));
}

// As the master does: decided at once, without a worker (3.1 `ConditionTaskProcessor`).
Result<std::unique_ptr<Attempt>> WorkflowRun::start_conditions(TaskRun& task, AttemptDone on_done) {
  const std::int64_t code = task.definition().code;
  const std::vector<BranchSlot> slots = branch_slots(task.definition().type, task.definition().params);
  std::string explanation = "a dry run decides no condition; success would lead to " +
                            named(workflow_, slots[0].codes) + ", failure to " + named(workflow_, slots[1].codes);
  TaskResult result;
  result.state = TaskState::kSuccess;
  if (!context_.settings.dry_run) result.state = graph_.decide(code, &explanation).state;
  result.task_instance_id = task.report().instance_id;
  result.exit_code = result.state == TaskState::kSuccess ? 0 : -1;
  result.start_time_ms = result.end_time_ms = wall_ms();
  result.var_pool = received_[code];
  if (result.state != TaskState::kSuccess) result.message = explanation;
  PORPOISE_TRY_VOID(append_log(task.report().log, LogLevel::kInfo, explanation, LogEnd::kFinal));
  return std::make_unique<InstantAttempt>(context_.io, std::move(result), std::move(on_done));
}

Result<std::unique_ptr<Attempt>> WorkflowRun::start_assumed(TaskRun& task, AttemptDone on_done) {
  TaskResult result;
  result.state = TaskState::kSuccess;
  result.task_instance_id = task.report().instance_id;
  result.start_time_ms = result.end_time_ms = wall_ms();
  result.var_pool = assumed_var_pool(received_[task.definition().code], task.definition());
  PORPOISE_TRY_VOID(
      append_log(task.report().log, LogLevel::kInfo, "taken as done (--assume): nothing ran", LogEnd::kFinal));
  return std::make_unique<InstantAttempt>(context_.io, std::move(result), std::move(on_done));
}

Result<std::unique_ptr<Attempt>> WorkflowRun::start_sub_workflow(TaskRun& task, AttemptDone on_done) {
  const Workflow* const child = sub_workflow(context_.settings.workflows, task.definition());
  if (child == nullptr)
    return fail(ErrorCode::kNotFound, "the definition of '" + task.report().name + "' is not in the file");
  const PropertyList& received = received_[task.definition().code];
  PORPOISE_TRY(RunParameters parameters, sub_run_parameters(*child, task.definition(), parameters_, received));
  auto attempt = std::make_unique<SubWorkflow>(context_, *child, task, std::move(parameters), received,
                                               options_.failure_strategy, std::move(on_done));
  attempt->begin();
  return attempt;
}

// 3.1 leaves such a placeholder in the text, without a word.
void WorkflowRun::warn_of_unresolved(const TaskRun& task, const PropertyMap& params) {
  const TaskDefinition& definition = task.definition();
  const RunSettings& settings = context_.settings;
  const auto is_variable = [&](const std::string& name) {
    return settings.variables.contains(name) || may_set_variable(settings.environment_text, name);
  };
  std::vector<std::string> known;
  for (const auto& [name, property] : params) known.push_back(name);
  for (const Unresolved& one :
       unresolved_placeholders(definition.params, parameter_values(params), parameters_.time, is_variable)) {
    std::string why = did_you_mean(one.name, known);
    for (const TaskDefinition& other : workflow_.tasks)
      for (const Property& local : other.local_params)
        if (local.direct == Direct::kOut && local.prop == one.name && other.code != definition.code)
          why = "; it is an OUT parameter of '" + other.name + "', which did not hand it on to this task (--set " +
                one.name + "=VALUE gives one)";
    context_.status.note("WARN '" + task.report().name + "': nothing gives ${" + one.name + "} of " + one.place +
                             " a value, so it stays there as it is" + why,
                         context_.elapsed());
  }
}

Result<TaskRequest> WorkflowRun::make_request(const TaskRun& task) const {
  const TaskDefinition& definition = task.definition();
  const RunSettings& settings = context_.settings;
  const auto plugin = settings.plugins.find(definition.type);
  if (plugin == settings.plugins.end()) return fail(ErrorCode::kNotFound, "no plugin for task type " + definition.type);
  TaskRequest request;
  request.task_instance_id = task.report().instance_id;
  request.task_name = definition.name;
  request.task_type = definition.type;
  request.process_instance_id = process_.id;
  request.process_define_code = workflow_.code;
  request.process_define_version = workflow_.version;
  request.project_code = workflow_.project_code;
  request.attempt = task.attempt();
  request.plugin = plugin->second.file;
  request.task_params = definition.params_text;
  request.plugin_config = plugin->second.config;
  request.global_params = parameters_.globals;
  request.var_pool = received_.at(definition.code);
  request.schedule_time = parameters_.time.schedule_time;
  request.dry_run = settings.dry_run;
  if (!settings.dry_run) {
    PORPOISE_TRY(request.resources, order_local_resources(definition.resources, settings.resources));
  }
  request.execute_path = context_.directory.work_path(request.task_instance_id);
  request.log_path = task.report().log;
  request.environment_config = settings.environment_config;
  request.env_file = settings.env_file;
  request.keep_execute_path = settings.keep_work;
  request.kill_grace = settings.kill_grace;
  PORPOISE_TRY(request.keep_leftovers, keeps_leftovers(definition.local_params, settings.keep_leftovers));
  if (definition.timeout_open && definition.timeout_strategy != TimeoutStrategy::kWarn)
    request.timeout = settings.scaled(definition.timeout);
  PORPOISE_TRY(request.prepare_params, task_parameters(parameters_, definition, request.var_pool,
                                                       request.task_instance_id, request.execute_path));
  return request;
}

namespace {

TaskState task_state_of(RunState state) {
  switch (state) {
    case RunState::kSuccess: return TaskState::kSuccess;
    case RunState::kStop: return TaskState::kKill;
    default: return TaskState::kFailure;
  }
}

}  // namespace

SubWorkflow::SubWorkflow(RunContext& context, const Workflow& child, const TaskRun& task, RunParameters parameters,
                         PropertyList received, FailureStrategy strategy, AttemptDone on_done)
    : context_(context),
      child_(child),
      task_(task),
      received_(std::move(received)),
      on_done_(std::move(on_done)),
      timeout_(context.io),
      run_(context, child, {strategy, not_left_out(child), {}}, std::move(parameters), task.report().name + "/",
           [this] { ended(); }) {}

void SubWorkflow::begin() {
  start_time_ms_ = wall_ms();
  log("runs workflow '" + child_.name + "'");
  watch_timeout();
  // In a turn of its own: workflows that start each other may be many, and a signal is to be heard between them.
  boost::asio::post(context_.io, [this] { run_.begin(); });
}

void SubWorkflow::stop(const std::string& reason, bool at_once) {
  log("stopped: " + reason);
  run_.stop(reason, at_once);
}

void SubWorkflow::watch_timeout() {
  const TaskDefinition& definition = task_.definition();
  const auto limit = context_.settings.scaled(definition.timeout);
  const bool fails = definition.timeout_open && definition.timeout_strategy != TimeoutStrategy::kWarn;
  if (!fails || limit.count() == 0 || context_.settings.dry_run) return;
  timeout_.expires_after(limit);
  timeout_.async_wait([this, limit](const boost::system::error_code& error) {
    if (error) return;
    timed_out_ = true;
    stop("timed out after " + format_duration(limit) + " (taskTimeout)", false);
  });
}

void SubWorkflow::ended() {
  timeout_.cancel();
  const TaskResult outcome = result();
  log("workflow '" + child_.name + "' ended: " + std::string(to_string(run_.state())), LogEnd::kFinal);
  on_done_(outcome);
}

TaskResult SubWorkflow::result() const {
  TaskResult result;
  result.task_instance_id = task_.report().instance_id;
  result.state = timed_out_ ? TaskState::kFailure : task_state_of(run_.state());
  result.timed_out = timed_out_;
  result.exit_code = result.state == TaskState::kSuccess ? 0 : -1;
  if (timed_out_)
    result.message = "timed out (taskTimeout)";
  else if (result.state != TaskState::kSuccess)
    result.message = "workflow '" + child_.name + "' ended: " + std::string(to_string(run_.state()));
  result.start_time_ms = start_time_ms_;
  result.end_time_ms = wall_ms();
  result.var_pool = sub_var_pool(task_.definition(), received_, run_.last_var_pool());
  return result;
}

void SubWorkflow::log(std::string_view text, LogEnd end) const {
  (void)append_log(task_.report().log, LogLevel::kInfo, text, end);  // events and report tell the same
}

}  // namespace porpoise
