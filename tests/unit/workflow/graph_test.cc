#include "workflow/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/workflow/make_workflow.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Outcome kOk{TaskState::kSuccess, std::nullopt};
const Outcome kFailed{TaskState::kFailure, std::nullopt};
const Outcome kKilled{TaskState::kKill, std::nullopt};

// A graph that speaks in task names.
struct RunByName {
  explicit RunByName(const Workflow& definition, const GraphOptions& options = {})
      : workflow(definition), graph(workflow, options), ready(names(graph.start())) {}

  std::vector<std::string> names(const std::vector<std::int64_t>& codes) const {
    std::vector<std::string> found;
    for (const std::int64_t code : codes) found.push_back(workflow.name_of(code));
    return found;
  }
  std::vector<std::string> finish(const std::string& name, const Outcome& outcome) {
    return names(graph.finished(code_of(workflow, name), outcome));
  }
  std::vector<std::string> choose(const std::string& name, int branch) {
    return finish(name, {TaskState::kSuccess, Branch{branch, ""}});
  }
  std::vector<std::string> decide(const std::string& name) {
    return finish(name, graph.decide(code_of(workflow, name)));
  }
  NodeState state(const std::string& name) const { return graph.status(code_of(workflow, name)).state; }
  std::string reason(const std::string& name) const { return graph.status(code_of(workflow, name)).reason; }

  Workflow workflow;
  Graph graph;
  std::vector<std::string> ready;
};

TEST(Graph, StartsATaskWhenAllItsUpstreamTasksSucceeded) {
  RunByName run(make_workflow("a b c", "a>c b>c"));
  EXPECT_THAT(run.ready, ElementsAre("a", "b"));
  EXPECT_THAT(run.finish("a", kOk), IsEmpty());
  EXPECT_EQ(run.state("c"), NodeState::kWaiting);
  EXPECT_THAT(run.finish("b", kOk), ElementsAre("c"));
  EXPECT_EQ(run.graph.state(), RunState::kRunning);
  run.finish("c", kOk);
  EXPECT_TRUE(run.graph.done());
  EXPECT_EQ(run.graph.state(), RunState::kSuccess);
}

TEST(Graph, OrdersReadyTasksByPriorityAndThenByTheFile) {
  Workflow workflow = make_workflow("low first second high");
  workflow.tasks[0].priority = 4;
  workflow.tasks[3].priority = 0;
  RunByName run(workflow);
  EXPECT_THAT(run.ready, ElementsAre("high", "first", "second", "low"));
  run.graph.started(code_of(workflow, "first"));
  EXPECT_EQ(run.state("first"), NodeState::kRunning);
  EXPECT_THAT(run.names(run.graph.ready()), ElementsAre("high", "second", "low"));
}

TEST(Graph, ContinuesElsewhereAfterAFailureAndNamesWhatItHeldBack) {
  RunByName run(make_workflow("a b a2 b2 j", "a>a2 b>b2 a2>j b2>j"));
  EXPECT_THAT(run.finish("a", kFailed), IsEmpty());
  EXPECT_EQ(run.reason("a2"), "upstream 'a' failed");
  EXPECT_THAT(run.finish("b", kOk), ElementsAre("b2"));
  EXPECT_THAT(run.finish("b2", kOk), IsEmpty());
  EXPECT_EQ(run.state("j"), NodeState::kNotRun);
  EXPECT_EQ(run.reason("j"), "upstream 'a2' did not run");
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

TEST(Graph, EndsTheRunAtTheFirstFailureWhenToldTo) {
  RunByName run(make_workflow("a b b2", "b>b2"), {FailureStrategy::kEnd, std::nullopt, {}});
  run.graph.started(code_of(run.workflow, "b"));
  run.finish("a", kFailed);
  EXPECT_TRUE(run.graph.ending());
  EXPECT_THAT(run.graph.running(), ElementsAre(code_of(run.workflow, "b")));
  EXPECT_THAT(run.reason("b2"), HasSubstr("'a' failed"));
  EXPECT_FALSE(run.graph.done());
  EXPECT_THAT(run.finish("b", kKilled), IsEmpty());
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

TEST(Graph, StopLeavesRunningTasksToTheRunnerAndStartsNothingMore) {
  RunByName run(make_workflow("a b c", "a>b"));
  run.graph.started(code_of(run.workflow, "a"));
  run.graph.stop("interrupted");
  EXPECT_EQ(run.reason("b"), "interrupted");
  EXPECT_EQ(run.reason("c"), "interrupted");
  EXPECT_THAT(run.graph.ready(), IsEmpty());
  EXPECT_THAT(run.finish("a", kKilled), IsEmpty());
  EXPECT_EQ(run.graph.state(), RunState::kStop);
}

TEST(Graph, KilledTasksFailTheRunAndHoldBackConditionsToo) {
  Workflow workflow = make_workflow("a c:CONDITIONS x y", "a>c c>x c>y");
  set_conditions(workflow, "c", "a", "x", "y");
  RunByName run(workflow);
  EXPECT_THAT(run.finish("a", kKilled), IsEmpty());
  EXPECT_EQ(run.reason("c"), "upstream 'a' was killed");
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

TEST(Graph, RetriesFailuresAsOftenAsTheDefinitionSays) {
  Workflow workflow = make_workflow("a sub:SUB_PROCESS");
  workflow.tasks[0].retry_times = 2;
  workflow.tasks[1].retry_times = 2;
  RunByName run(workflow);
  const std::int64_t a = code_of(workflow, "a");
  EXPECT_TRUE(run.graph.may_retry(a, TaskState::kFailure, 1));
  EXPECT_TRUE(run.graph.may_retry(a, TaskState::kFailure, 2));
  EXPECT_FALSE(run.graph.may_retry(a, TaskState::kFailure, 3));
  EXPECT_FALSE(run.graph.may_retry(a, TaskState::kKill, 1));
  EXPECT_FALSE(run.graph.may_retry(code_of(workflow, "sub"), TaskState::kFailure, 1));
  run.graph.stop("interrupted");
  EXPECT_FALSE(run.graph.may_retry(a, TaskState::kFailure, 1));
}

TEST(Graph, PassesThroughForbiddenTasks) {
  RunByName run(make_workflow("f! a g! b", "f>a a>g g>b"));
  EXPECT_THAT(run.ready, ElementsAre("a"));
  EXPECT_EQ(run.state("f"), NodeState::kForbidden);
  EXPECT_THAT(run.finish("a", kOk), ElementsAre("b"));
  EXPECT_EQ(run.state("g"), NodeState::kForbidden);
  EXPECT_THAT(run.graph.var_pool_sources(code_of(run.workflow, "b")), IsEmpty());
  run.finish("b", kOk);
  EXPECT_EQ(run.graph.state(), RunState::kSuccess);
}

TEST(Graph, AFailurePassesThroughAForbiddenTaskUnderItsOwnName) {
  RunByName run(make_workflow("a g! b", "a>g g>b"));
  run.finish("a", kFailed);
  EXPECT_EQ(run.reason("b"), "upstream 'a' failed");
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

TEST(Graph, RunsOnlyTheTasksAskedForAndForgetsRelationsToOthers) {
  const Workflow workflow = make_workflow("a b c", "a>b b>c");
  RunByName run(workflow, {FailureStrategy::kContinue, std::set{code_of(workflow, "b")}, {}});
  EXPECT_THAT(run.ready, ElementsAre("b"));
  EXPECT_EQ(run.reason("a"), "not part of this run");
  run.finish("b", kOk);
  EXPECT_EQ(run.graph.state(), RunState::kSuccess);
  EXPECT_EQ(run.state("c"), NodeState::kNotRun);
}

TEST(Graph, LeavesOutTasksToSkipLikeForbiddenOnes) {
  const Workflow workflow = make_workflow("a b c", "a>b b>c");
  RunByName run(workflow, {FailureStrategy::kContinue, std::nullopt, {code_of(workflow, "b")}});
  EXPECT_THAT(run.finish("a", kOk), ElementsAre("c"));
  EXPECT_EQ(run.reason("b"), "left out of this run");
}

TEST(Graph, IgnoresResultsOfTasksThatAreNotActive) {
  RunByName run(make_workflow("a b", "a>b"));
  EXPECT_THAT(run.finish("b", kOk), IsEmpty());
  EXPECT_EQ(run.state("b"), NodeState::kWaiting);
  run.finish("a", kOk);
  EXPECT_THAT(run.finish("a", kFailed), IsEmpty());
  EXPECT_EQ(run.state("a"), NodeState::kSuccess);
}

TEST(Graph, VarPoolSourcesComeInTheOrderTheyEnded) {
  RunByName run(make_workflow("a b c j", "a>j b>j c>j"));
  run.finish("c", kOk);
  run.finish("a", kOk);
  run.finish("b", kOk);
  EXPECT_THAT(run.names(run.graph.var_pool_sources(code_of(run.workflow, "j"))), ElementsAre("c", "a", "b"));
}

TEST(GraphSwitch, RunsTheChosenBranchAndSkipsTheOthersToTheirJoin) {
  Workflow workflow = make_workflow("s:SWITCH x y z x2 j", "s>x s>y s>z x>x2 x2>j y>j z>j");
  set_switch(workflow, "s", {"x", "y", "z"});
  RunByName run(workflow);
  EXPECT_THAT(run.choose("s", 1), ElementsAre("y"));
  EXPECT_EQ(run.reason("x"), "branch not chosen by 's'");
  EXPECT_EQ(run.reason("x2"), "upstream 'x' was skipped");
  EXPECT_EQ(run.state("z"), NodeState::kSkipped);
  EXPECT_THAT(run.finish("y", kOk), ElementsAre("j"));
}

TEST(GraphSwitch, TakesTheDefaultBranchAsTheOneAfterTheLast) {
  Workflow workflow = make_workflow("s:SWITCH x y", "s>x s>y");
  set_switch(workflow, "s", {"x", "y"});
  RunByName run(workflow);
  EXPECT_THAT(run.choose("s", 1), ElementsAre("y"));
  run.finish("y", kOk);
  EXPECT_EQ(run.graph.state(), RunState::kSuccess);
}

TEST(GraphSwitch, RunsATaskThatTwoBranchesLeadToAndWhatFollowsIt) {
  Workflow workflow = make_workflow("s:SWITCH x x2", "s>x x>x2");
  set_switch(workflow, "s", {"x", "x"});
  RunByName run(workflow);
  EXPECT_THAT(run.choose("s", 0), ElementsAre("x"));
  EXPECT_THAT(run.finish("x", kOk), ElementsAre("x2"));
}

TEST(GraphSwitch, RunsTheEndOfAnOptionalStepEitherWay) {
  Workflow workflow = make_workflow("s:SWITCH step end", "s>step s>end step>end");
  set_switch(workflow, "s", {"step", "end"});
  RunByName with(workflow);
  EXPECT_THAT(with.choose("s", 0), ElementsAre("step"));
  EXPECT_THAT(with.finish("step", kOk), ElementsAre("end"));
  RunByName without(workflow);
  EXPECT_THAT(without.choose("s", 1), ElementsAre("end"));
  EXPECT_EQ(without.state("step"), NodeState::kSkipped);
}

TEST(GraphSwitch, ARoundaboutWayOverrulesItsOwnSwitchOnly) {
  Workflow workflow = make_workflow("s:SWITCH t:SWITCH step other end", "s>step s>end step>end t>other t>end");
  set_switch(workflow, "s", {"step", "end"});
  set_switch(workflow, "t", {"other", "end"});
  RunByName run(workflow);
  run.choose("s", 0);
  run.choose("t", 0);
  EXPECT_THAT(run.finish("step", kOk), IsEmpty());
  EXPECT_EQ(run.reason("end"), "branch not chosen by 't'");
}

TEST(GraphSwitch, KeepsABranchSkippedWhateverElseItWaitsFor) {
  Workflow workflow = make_workflow("s:SWITCH package deploy report", "s>deploy s>report package>deploy");
  set_switch(workflow, "s", {"deploy", "report"});
  for (const bool package_first : {true, false}) {
    RunByName run(workflow);
    if (package_first) run.finish("package", kOk);
    EXPECT_THAT(run.choose("s", 1), ElementsAre("report"));
    if (!package_first) {
      EXPECT_THAT(run.finish("package", kOk), IsEmpty());
    }
    EXPECT_EQ(run.state("deploy"), NodeState::kSkipped);
  }
}

TEST(GraphSwitch, ATaskThatALaterSwitchChoosesRunsThoughAnEarlierOneDidNot) {
  Workflow workflow = make_workflow("s:SWITCH t:SWITCH ok report", "s>t s>report t>ok t>report");
  set_switch(workflow, "s", {"t", "report"});
  set_switch(workflow, "t", {"ok", "report"});
  RunByName run(workflow);
  EXPECT_THAT(run.choose("s", 0), ElementsAre("t"));
  EXPECT_THAT(run.choose("t", 1), ElementsAre("report"));
  RunByName early(workflow);
  EXPECT_THAT(early.choose("s", 1), ElementsAre("report"));
  EXPECT_EQ(early.state("t"), NodeState::kSkipped);
  EXPECT_EQ(early.state("ok"), NodeState::kSkipped);
}

TEST(GraphSwitch, DoesNotStartATaskThatNoBranchNames) {
  Workflow workflow = make_workflow("s:SWITCH x orphan", "s>x s>orphan");
  set_switch(workflow, "s", {"x", "x"});
  RunByName run(workflow);
  EXPECT_THAT(run.choose("s", 0), ElementsAre("x"));
  EXPECT_EQ(run.reason("orphan"), "no branch of 's' leads here");
  run.finish("x", kOk);
  EXPECT_EQ(run.graph.state(), RunState::kSuccess);
}

TEST(GraphSwitch, AFailedSwitchRunsNoBranchAndFailsTheRun) {
  Workflow workflow = make_workflow("s:SWITCH x y", "s>x s>y");
  set_switch(workflow, "s", {"x", "y"});
  RunByName run(workflow);
  EXPECT_THAT(run.finish("s", kFailed), IsEmpty());
  EXPECT_EQ(run.reason("y"), "upstream 's' failed");
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

TEST(GraphSwitch, AForbiddenSwitchChoosesNothing) {
  Workflow workflow = make_workflow("a s:SWITCH! x", "a>s s>x");
  set_switch(workflow, "s", {"x", "x"});
  workflow.tasks[1].enabled = false;
  RunByName run(workflow);
  EXPECT_THAT(run.finish("a", kOk), IsEmpty());
  EXPECT_EQ(run.reason("x"), "'s' is forbidden, so it chose no branch");
}

TEST(GraphConditions, TakesTheFailureBranchAndEndsInSuccess) {
  Workflow workflow = make_workflow("v c:CONDITIONS deploy report after", "v>c c>deploy c>report report>after");
  set_conditions(workflow, "c", "v", "deploy", "report");
  RunByName run(workflow);
  EXPECT_THAT(run.finish("v", kFailed), ElementsAre("c"));
  std::string explanation;
  run.graph.decide(code_of(workflow, "c"), &explanation);
  EXPECT_EQ(explanation, "'v' is FAILURE, SUCCESS is wanted");
  EXPECT_THAT(run.decide("c"), ElementsAre("report"));
  EXPECT_EQ(run.state("c"), NodeState::kFailure);
  EXPECT_EQ(run.state("deploy"), NodeState::kSkipped);
  run.finish("report", kOk);
  run.finish("after", kOk);
  EXPECT_EQ(run.graph.state(), RunState::kSuccess);
}

TEST(GraphConditions, DoNotExcuseAFailureThatHeldBackSomethingElse) {
  Workflow workflow = make_workflow("v c:CONDITIONS x y other", "v>c v>other c>x c>y");
  set_conditions(workflow, "c", "v", "x", "y");
  RunByName run(workflow);
  run.finish("v", kFailed);
  run.decide("c");
  run.finish("y", kOk);
  EXPECT_EQ(run.reason("other"), "upstream 'v' failed");
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

TEST(GraphConditions, AFalseConditionWithNothingAfterItFailsTheRun) {
  Workflow workflow = make_workflow("v c:CONDITIONS", "v>c");
  set_conditions(workflow, "c", "v", "", "");
  RunByName run(workflow);
  run.finish("v", kFailed);
  run.decide("c");
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

TEST(GraphConditions, SeeAFailureThroughAForbiddenTask) {
  Workflow workflow = make_workflow("v f! c:CONDITIONS x y", "v>f f>c c>x c>y");
  set_conditions(workflow, "c", "v", "x", "y");
  RunByName run(workflow);
  EXPECT_THAT(run.finish("v", kFailed), ElementsAre("c"));
  EXPECT_THAT(run.decide("c"), ElementsAre("y"));
  run.finish("y", kOk);
  EXPECT_EQ(run.graph.state(), RunState::kSuccess);
}

TEST(GraphConditions, EndStrategyDoesNotWaitForThem) {
  Workflow workflow = make_workflow("v c:CONDITIONS x y", "v>c c>x c>y");
  set_conditions(workflow, "c", "v", "x", "y");
  RunByName run(workflow, {FailureStrategy::kEnd, std::nullopt, {}});
  EXPECT_THAT(run.finish("v", kFailed), IsEmpty());
  EXPECT_EQ(run.graph.state(), RunState::kFailure);
}

}  // namespace
}  // namespace porpoise
