#include "workflow/graph.h"

#include <algorithm>
#include <utility>

namespace porpoise {
namespace {

bool is_open(NodeState state) {
  return state == NodeState::kWaiting || state == NodeState::kReady || state == NodeState::kRunning;
}

bool has_result(NodeState state) {
  return state == NodeState::kSuccess || state == NodeState::kFailure || state == NodeState::kKill;
}

NodeState node_state(TaskState state) {
  switch (state) {
    case TaskState::kSuccess: return NodeState::kSuccess;
    case TaskState::kFailure: return NodeState::kFailure;
    case TaskState::kKill: return NodeState::kKill;
  }
  return NodeState::kFailure;
}

std::optional<TaskState> task_state(NodeState state) {
  switch (state) {
    case NodeState::kSuccess: return TaskState::kSuccess;
    case NodeState::kFailure: return TaskState::kFailure;
    case NodeState::kKill: return TaskState::kKill;
    default: return std::nullopt;
  }
}

bool chooses(const TaskDefinition& task) { return task.type == kSwitch || task.type == kConditions; }

}  // namespace

std::string_view to_string(NodeState state) {
  switch (state) {
    case NodeState::kWaiting: return "WAITING";
    case NodeState::kReady: return "READY";
    case NodeState::kRunning: return "RUNNING";
    case NodeState::kSuccess: return "SUCCESS";
    case NodeState::kFailure: return "FAILURE";
    case NodeState::kKill: return "KILL";
    case NodeState::kSkipped: return "SKIPPED";
    case NodeState::kForbidden: return "FORBIDDEN";
    case NodeState::kNotRun: return "NOT RUN";
  }
  return "";
}

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::kRunning: return "RUNNING_EXECUTION";
    case RunState::kSuccess: return "SUCCESS";
    case RunState::kFailure: return "FAILURE";
    case RunState::kStop: return "STOP";
  }
  return "";
}

Graph::Graph(const Workflow& workflow, const GraphOptions& options)
    : workflow_(workflow), failure_strategy_(options.failure_strategy) {
  for (const TaskDefinition& task : workflow_.tasks) {
    Node node;
    node.task = &task;
    node.forbidden = !task.enabled || options.skip.contains(task.code);
    if (options.only && !options.only->contains(task.code)) {
      node.status = {NodeState::kNotRun, "not part of this run"};
    } else {
      ++open_;
    }
    index_[task.code] = nodes_.size();
    nodes_.push_back(std::move(node));
  }
  connect();
}

void Graph::connect() {
  for (const Edge& edge : workflow_.edges) {
    const std::size_t pre = index_.at(edge.pre);
    const std::size_t post = index_.at(edge.post);
    if (!is_open(nodes_[pre].status.state) || !is_open(nodes_[post].status.state)) continue;
    nodes_[pre].post.push_back(post);
    nodes_[post].pre.push_back(pre);
    ++nodes_[post].unsettled_pre;
  }
}

std::vector<std::int64_t> Graph::start() {
  std::vector<std::size_t> roots;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].status.state == NodeState::kWaiting && nodes_[i].pre.empty()) roots.push_back(i);
  return settle(std::move(roots));
}

std::vector<std::int64_t> Graph::finished(std::int64_t code, const Outcome& outcome) {
  Node* node = active(code);
  if (node == nullptr) return {};
  std::erase(ready_, code);
  --open_;
  node->ended = ++ended_;
  node->status.state = node_state(outcome.state);
  node->told = outcome.state == TaskState::kSuccess   ? Signal::kPass
               : outcome.state == TaskState::kFailure ? Signal::kFailed
                                                      : Signal::kBlocked;
  choose(*node, outcome);
  if (outcome.state == TaskState::kFailure && failure_strategy_ == FailureStrategy::kEnd)
    end("the run ended when '" + node->task->name + "' failed (failure strategy END)");
  return settle(release(index_.at(code)));
}

void Graph::started(std::int64_t code) {
  Node* node = active(code);
  if (node == nullptr) return;
  node->status.state = NodeState::kRunning;
  std::erase(ready_, code);
}

Outcome Graph::decide(std::int64_t code, std::string* explanation) const {
  const auto state_of = [this](std::int64_t task) -> std::optional<TaskState> {
    const auto found = index_.find(task);
    return found == index_.end() ? std::nullopt : task_state(nodes_[found->second].status.state);
  };
  const auto name_of = [this](std::int64_t task) { return workflow_.name_of(task); };
  const ConditionVerdict verdict = evaluate_conditions(nodes_[index_.at(code)].task->params, state_of, name_of);
  if (explanation != nullptr) *explanation = verdict.explanation;
  return {verdict.holds ? TaskState::kSuccess : TaskState::kFailure, std::nullopt};
}

bool Graph::may_retry(std::int64_t code, TaskState state, int attempt) const {
  const TaskDefinition& task = *nodes_[index_.at(code)].task;
  // 3.1 `TaskInstance.taskCanRetry` leaves out sub-processes; a condition cannot come out differently.
  if (task.type == kSubProcess || task.type == kConditions) return false;
  return !ending() && state == TaskState::kFailure && attempt <= task.retry_times;
}

void Graph::stop(const std::string& reason) {
  stopped_ = stopped_ || !done();
  end(reason);
}

bool Graph::done() const { return open_ == 0; }

RunState Graph::state() const {
  if (!done()) return RunState::kRunning;
  if (stopped_) return RunState::kStop;
  const bool failed = std::any_of(nodes_.begin(), nodes_.end(), [this](const Node& node) { return fails_run(node); });
  return failed ? RunState::kFailure : RunState::kSuccess;
}

const NodeStatus& Graph::status(std::int64_t code) const { return nodes_[index_.at(code)].status; }

std::vector<std::int64_t> Graph::running() const {
  std::vector<std::int64_t> codes;
  for (const Node& node : nodes_)
    if (node.status.state == NodeState::kRunning) codes.push_back(node.task->code);
  return codes;
}

std::vector<std::int64_t> Graph::var_pool_sources(std::int64_t code) const {
  std::vector<std::size_t> sources;
  for (const std::size_t pre : nodes_[index_.at(code)].pre)
    if (has_result(nodes_[pre].status.state)) sources.push_back(pre);
  std::sort(sources.begin(), sources.end(),
            [this](std::size_t left, std::size_t right) { return nodes_[left].ended < nodes_[right].ended; });
  std::vector<std::int64_t> codes;
  codes.reserve(sources.size());
  for (const std::size_t source : sources) codes.push_back(nodes_[source].task->code);
  return codes;
}

Graph::Node* Graph::active(std::int64_t code) {
  const auto found = index_.find(code);
  if (found == index_.end()) return nullptr;
  Node& node = nodes_[found->second];
  const bool is_active = node.status.state == NodeState::kReady || node.status.state == NodeState::kRunning;
  return is_active ? &node : nullptr;
}

// Notes what the tasks after a SWITCH or CONDITIONS task were told.
void Graph::choose(Node& node, const Outcome& outcome) {
  const bool decided = node.task->type == kConditions ? outcome.state != TaskState::kKill
                                                      : node.task->type == kSwitch && node.told == Signal::kPass;
  if (!decided) return;
  const std::vector<BranchSlot> slots = branch_slots(node.task->type, node.task->params);
  std::size_t chosen = slots.size();
  if (node.task->type == kConditions)
    chosen = outcome.state == TaskState::kSuccess ? 0 : 1;
  else if (outcome.branch && outcome.branch->index >= 0)
    chosen = static_cast<std::size_t>(outcome.branch->index);
  for (const BranchSlot& slot : slots)
    for (const std::int64_t code : slot.codes) node.branches[code] = Signal::kNotChosen;
  node.told = Signal::kBlocked;  // a task that no branch names is never started by 3.1 `DagHelper.parsePostNodes`
  // Last, because two branches may lead to one task: it runs (so it does in 3.1.5, which then skips what follows it).
  if (chosen < slots.size())
    for (const std::int64_t code : slots[chosen].codes) node.branches[code] = Signal::kChosen;
}

Graph::Signal Graph::signal(std::size_t from, std::size_t to) const {
  const Node& node = nodes_[from];
  const auto branch = node.branches.find(nodes_[to].task->code);
  return branch == node.branches.end() ? node.told : branch->second;
}

// The tasks after `index` that now wait for nothing else.
std::vector<std::size_t> Graph::release(std::size_t index) {
  std::vector<std::size_t> released;
  for (const std::size_t post : nodes_[index].post)
    if (--nodes_[post].unsettled_pre == 0 && nodes_[post].status.state == NodeState::kWaiting) released.push_back(post);
  return released;
}

// Judges `open` and all that their verdicts settle in turn; returns what became ready.
std::vector<std::int64_t> Graph::settle(std::vector<std::size_t> open) {
  std::vector<std::int64_t> newly_ready;
  while (!open.empty()) {
    const std::size_t index = open.back();
    open.pop_back();
    classify_outcome(index);
    if (nodes_[index].status.state == NodeState::kReady) {
      newly_ready.push_back(nodes_[index].task->code);
      continue;
    }
    --open_;
    const std::vector<std::size_t> released = release(index);
    open.insert(open.end(), released.begin(), released.end());
  }
  const auto first = [this](std::int64_t left, std::int64_t right) { return runs_before(left, right); };
  std::sort(newly_ready.begin(), newly_ready.end(), first);
  const auto middle = ready_.insert(ready_.end(), newly_ready.begin(), newly_ready.end());
  std::inplace_merge(ready_.begin(), middle, ready_.end(), first);
  return newly_ready;
}

// What becomes of a task whose upstream tasks are all settled.
void Graph::classify_outcome(std::size_t index) {
  Node& node = nodes_[index];
  if (auto reason = why_skipped(index)) {
    node.told = Signal::kSkipped;
    node.status = {NodeState::kSkipped, std::move(*reason)};
    return;
  }
  const auto held_back = held_back_by(index);
  if (node.forbidden) {
    // 3.1 `WorkflowExecuteRunnable.setIndirectDepList`: those after it depend on those before it.
    node.status = {NodeState::kForbidden, node.task->enabled ? "left out of this run" : "its flag is NO"};
    node.told = chooses(*node.task) ? Signal::kBlocked : held_back ? held_back->signal : Signal::kPass;
    node.cause = held_back ? held_back->cause : index;
  } else if (held_back && !(held_back->signal == Signal::kFailed && node.task->type == kConditions)) {
    node.status = {NodeState::kNotRun, why_held_back(held_back->cause)};
    node.told = Signal::kBlocked;
  } else {
    node.status.state = NodeState::kReady;
  }
}

// The upstream task that keeps `index` from running, if there is one; what did not run outweighs what failed, because
// it holds back CONDITIONS as well.
std::optional<Graph::Obstacle> Graph::held_back_by(std::size_t index) const {
  std::optional<Obstacle> found;
  for (const std::size_t pre : nodes_[index].pre) {
    const Signal told = signal(pre, index);
    const std::size_t cause = nodes_[pre].status.state == NodeState::kForbidden ? nodes_[pre].cause : pre;
    if (told == Signal::kBlocked) return Obstacle{told, cause};
    if (told == Signal::kFailed && !found) found = Obstacle{told, cause};
  }
  return found;
}

std::string Graph::why_held_back(std::size_t cause) const {
  const std::string name = "'" + nodes_[cause].task->name + "'";
  switch (nodes_[cause].status.state) {
    case NodeState::kKill: return "upstream " + name + " was killed";
    case NodeState::kForbidden: return name + " is forbidden, so it chose no branch";
    case NodeState::kNotRun: return "upstream " + name + " did not run";
    case NodeState::kFailure:
      if (nodes_[cause].branches.empty()) return "upstream " + name + " failed";
      [[fallthrough]];
    default: return "no branch of " + name + " leads here";
  }
}

// 3.1 `DagHelper.isTaskNodeNeedSkip` skips a task when all before it are skipped, and `setTaskNodeSkip` the first task
// of a branch that was not chosen. When that task has other upstream tasks, 3.1.5 decides by which of them ends last;
// here it runs when another branch chose it or leads to it in a roundabout way, and is skipped otherwise.
std::optional<std::string> Graph::why_skipped(std::size_t index) const {
  const Node& node = nodes_[index];
  std::vector<std::size_t> choosers, others;
  for (const std::size_t pre : node.pre) {
    const Signal told = signal(pre, index);
    if (told == Signal::kChosen) return std::nullopt;
    if (told == Signal::kNotChosen)
      choosers.push_back(pre);
    else if (told != Signal::kSkipped)
      others.push_back(pre);
  }
  for (const std::size_t chooser : choosers)
    if (std::none_of(others.begin(), others.end(), [&](std::size_t other) { return reaches(chooser, other); }))
      return "branch not chosen by '" + nodes_[chooser].task->name + "'";
  if (node.pre.empty() || !others.empty()) return std::nullopt;
  return "upstream '" + nodes_[node.pre.front()].task->name + "' was skipped";
}

bool Graph::reaches(std::size_t from, std::size_t to) const {
  std::set<std::size_t> seen{from};
  std::vector<std::size_t> open{from};
  while (!open.empty()) {
    const std::size_t index = open.back();
    open.pop_back();
    if (index == to) return true;
    for (const std::size_t post : nodes_[index].post)
      if (seen.insert(post).second) open.push_back(post);
  }
  return false;
}

// Nothing that has not been started will start.
void Graph::end(const std::string& reason) {
  if (end_reason_.empty()) end_reason_ = reason;
  for (Node& node : nodes_) {
    if (node.status.state != NodeState::kWaiting && node.status.state != NodeState::kReady) continue;
    node.status = {NodeState::kNotRun, end_reason_};
    --open_;
  }
  ready_.clear();
}

bool Graph::fails_run(const Node& node) const {
  if (node.status.state == NodeState::kKill) return true;
  if (node.status.state != NodeState::kFailure) return false;
  if (failure_strategy_ == FailureStrategy::kEnd) return true;
  // A condition that does not hold is a FAILURE that the failure branch takes care of, if there is anything after it.
  return node.task->type == kConditions ? node.post.empty() : !handled(node);
}

// A failure is taken care of when a CONDITIONS task after it has looked at it and no other task was held back. (3.1.5
// also calls a run a success whose failed task is followed by forbidden or skipped tasks alone.)
bool Graph::handled(const Node& failed) const {
  bool seen_by_conditions = false;
  std::set<std::size_t> visited;
  std::vector<std::size_t> open = failed.post;
  while (!open.empty()) {
    const std::size_t index = open.back();
    open.pop_back();
    if (!visited.insert(index).second) continue;
    const Node& node = nodes_[index];
    if (node.status.state == NodeState::kNotRun) return false;
    if (node.status.state == NodeState::kForbidden) open.insert(open.end(), node.post.begin(), node.post.end());
    if (node.task->type == kConditions && has_result(node.status.state)) seen_by_conditions = true;
  }
  return seen_by_conditions;
}

// Ready tasks start by priority, then in the order of the file (3.1 `PeerTaskInstancePriorityQueue`).
bool Graph::runs_before(std::int64_t left, std::int64_t right) const {
  const auto rank = [this](std::int64_t code) {
    const std::size_t index = index_.at(code);
    return std::pair(nodes_[index].task->priority, index);
  };
  return rank(left) < rank(right);
}

}  // namespace porpoise
