// Random workflows with random outcomes: what must hold for every run, and a second, naive reading of the rules.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "unit/workflow/make_workflow.h"
#include "workflow/graph.h"

namespace porpoise {
namespace {

// The optimised build runs them all. Under sanitizers they take forty times as long; a part shows what these can find.
#ifdef PORPOISE_SANITIZED
constexpr unsigned kSeeds = 1'000;
#else
constexpr unsigned kSeeds = 10'000;
#endif

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937 engine_;
};

void point_at_downstream(Workflow& workflow, TaskDefinition& task, Random& random) {
  const std::vector<std::int64_t> after = workflow.downstream(task.code);
  const auto one = [&] { return after.empty() ? Json() : Json(after[random.below(after.size())]); };
  Json params = Json::object();
  if (task.type == kSwitch) {
    for (std::size_t i = random.below(3); i > 0; --i)
      params["switchResult"]["dependTaskList"].push_back({{"condition", "x"}, {"nextNode", one()}});
    params["switchResult"]["nextNode"] = one();
  } else {
    Json items = Json::array();
    for (const std::int64_t code : workflow.upstream(task.code))
      items.push_back({{"depTaskCode", code}, {"status", random.one_in(2) ? "SUCCESS" : "FAILURE"}});
    const char* const relation = random.one_in(2) ? "AND" : "OR";
    params["dependence"] = {{"relation", "AND"},
                            {"dependTaskList", {{{"relation", relation}, {"dependItemList", items}}}}};
    params["conditionResult"] = {{"successNode", {one()}}, {"failedNode", {one()}}};
  }
  set_params(task, std::move(params));
}

Workflow random_workflow(Random& random, bool with_branches) {
  Workflow workflow;
  const std::size_t size = 1 + random.below(12);
  for (std::size_t i = 0; i < size; ++i) {
    TaskDefinition task;
    task.code = static_cast<std::int64_t>(100 + i);
    task.name = "t" + std::to_string(i);
    task.type = "SHELL";
    if (with_branches && random.one_in(4)) task.type = random.one_in(2) ? kSwitch : kConditions;
    task.enabled = !random.one_in(8);
    task.priority = static_cast<int>(random.below(5));
    workflow.tasks.push_back(task);
    for (std::size_t before = 0; before < i; ++before)
      if (random.one_in(3)) workflow.edges.push_back({workflow.tasks[before].code, task.code});
  }
  for (TaskDefinition& task : workflow.tasks)
    if (task.type != "SHELL") point_at_downstream(workflow, task, random);
  return workflow;
}

struct Simulation {
  Simulation(const Workflow& definition, const GraphOptions& options, Random& source)
      : workflow(definition), graph(workflow, options), random(source) {}

  void run() {
    graph.start();
    while (!graph.ready().empty() || !open.empty()) {
      if (!graph.ready().empty() && (open.empty() || random.one_in(2)))
        launch(graph.ready().front());
      else
        finish(random.below(open.size()));
      ASSERT_LE(outcomes.size(), workflow.tasks.size()) << "a task ran twice";
    }
  }

  void launch(std::int64_t code) {
    EXPECT_FALSE(outcomes.contains(code)) << workflow.name_of(code) << " ran twice";
    for (const std::int64_t before : workflow.upstream(code)) {
      const NodeState state = graph.status(before).state;
      EXPECT_TRUE(state != NodeState::kWaiting && state != NodeState::kReady && state != NodeState::kRunning)
          << workflow.name_of(code) << " started before " << workflow.name_of(before) << " was settled";
    }
    graph.started(code);
    open.push_back(code);
  }

  void finish(std::size_t position) {
    const std::int64_t code = open[position];
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(position));
    Outcome outcome{TaskState::kSuccess, std::nullopt};
    if (random.one_in(6)) outcome.state = TaskState::kFailure;
    if (random.one_in(40) || graph.ending()) outcome.state = TaskState::kKill;
    const TaskDefinition& task = *workflow.find(code);
    if (task.type == kConditions && outcome.state != TaskState::kKill) outcome = graph.decide(code);
    if (task.type == kSwitch) outcome.branch = Branch{static_cast<int>(random.below(3)), ""};
    outcomes[code] = outcome.state;
    graph.finished(code, outcome);
  }

  Workflow workflow;
  Graph graph;
  Random& random;
  std::vector<std::int64_t> open;
  std::map<std::int64_t, TaskState> outcomes;
};

void expect_settled(const Simulation& simulation) {
  EXPECT_TRUE(simulation.graph.done());
  std::set<TaskState> seen;
  for (const auto& [code, state] : simulation.outcomes) seen.insert(state);
  const RunState state = simulation.graph.state();
  EXPECT_NE(state, RunState::kRunning);
  if (seen.contains(TaskState::kKill)) {
    EXPECT_EQ(state, RunState::kFailure);
  } else if (!seen.contains(TaskState::kFailure)) {
    EXPECT_EQ(state, RunState::kSuccess);
  }
  for (const TaskDefinition& task : simulation.workflow.tasks) {
    const NodeStatus& status = simulation.graph.status(task.code);
    const auto outcome = simulation.outcomes.find(task.code);
    if (outcome == simulation.outcomes.end()) {
      EXPECT_FALSE(status.reason.empty()) << task.name << " did not run and nothing says why";
    } else {
      EXPECT_EQ(to_string(status.state), to_string(outcome->second));
    }
  }
}

// The rules for workflows without SWITCH and CONDITIONS, read from the end: a task runs when everything before it that
// is not forbidden succeeded.
struct NaiveReading {
  const Simulation& simulation;

  bool lets_pass(std::int64_t code) const {
    if (!simulation.workflow.find(code)->enabled) return may_run(code);
    const auto outcome = simulation.outcomes.find(code);
    return outcome != simulation.outcomes.end() && outcome->second == TaskState::kSuccess;
  }
  bool may_run(std::int64_t code) const {
    for (const std::int64_t before : simulation.workflow.upstream(code))
      if (!lets_pass(before)) return false;
    return true;
  }
};

TEST(GraphSimulation, EveryRunEndsWithEachTaskRunAtMostOnceAndAfterItsUpstreamTasks) {
  for (unsigned seed = 0; seed < kSeeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Workflow workflow = random_workflow(random, true);
    GraphOptions options;
    if (random.one_in(3)) options.failure_strategy = FailureStrategy::kEnd;
    if (random.one_in(5)) {
      const auto part = workflow.from(workflow.tasks[random.below(workflow.tasks.size())].code);
      options.only = std::set(part.begin(), part.end());
    }
    Simulation simulation(workflow, options, random);
    simulation.run();
    expect_settled(simulation);
  }
}

TEST(GraphSimulation, WithoutBranchesATaskRunsIfAndOnlyIfAllBeforeItSucceeded) {
  for (unsigned seed = 0; seed < kSeeds / 2 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Simulation simulation(random_workflow(random, false), {}, random);
    simulation.run();
    expect_settled(simulation);
    const NaiveReading reading{simulation};
    bool all_succeeded = true;
    for (const TaskDefinition& task : simulation.workflow.tasks) {
      if (!task.enabled) continue;
      EXPECT_EQ(simulation.outcomes.contains(task.code), reading.may_run(task.code)) << task.name;
      all_succeeded = all_succeeded && reading.lets_pass(task.code);
    }
    EXPECT_EQ(simulation.graph.state(), all_succeeded ? RunState::kSuccess : RunState::kFailure);
  }
}

TEST(GraphSimulation, TheOrderInWhichTasksEndDoesNotChangeWhichTasksRun) {
  for (unsigned seed = 0; seed < kSeeds / 4 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Workflow workflow = random_workflow(random, true);
    Graph first(workflow, {});
    Graph second(workflow, {});
    const auto outcome_of = [&](const Graph& graph, std::int64_t code) {
      const TaskDefinition& task = *workflow.find(code);
      if (task.type == kConditions) return graph.decide(code);
      const bool fails = (code * 7919 + seed) % 6 == 0;
      const Branch branch{static_cast<int>((code + seed) % 3), ""};
      return Outcome{fails ? TaskState::kFailure : TaskState::kSuccess, branch};
    };
    for (first.start(); !first.ready().empty();) {
      const std::int64_t code = first.ready().front();
      first.finished(code, outcome_of(first, code));
    }
    for (second.start(); !second.ready().empty();) {
      const std::int64_t code = second.ready()[random.below(second.ready().size())];
      second.finished(code, outcome_of(second, code));
    }
    for (const TaskDefinition& task : workflow.tasks)
      EXPECT_EQ(to_string(first.status(task.code).state), to_string(second.status(task.code).state)) << task.name;
    EXPECT_EQ(to_string(first.state()), to_string(second.state()));
  }
}

}  // namespace
}  // namespace porpoise
