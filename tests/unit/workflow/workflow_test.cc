#include "workflow/workflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/workflow/make_workflow.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ExpandTime at_new_year() {
  ExpandTime time;
  time.now_ms = 1672531200000;  // 2023-01-01T00:00:00Z
  return time;
}

Property in(const std::string& name, const std::string& value) { return {name, Direct::kIn, "VARCHAR", value}; }
Property out(const std::string& name, const std::string& value) { return {name, Direct::kOut, "VARCHAR", value}; }

TEST(ParseOverrides, KeepsEqualsSignsAndTakesTheLastOfAName) {
  const auto values = parse_overrides({"a=1", "b=x=y", "c=", "a=2"});
  ASSERT_TRUE(values);
  EXPECT_EQ(*values, (ParameterValues{{"a", "2"}, {"b", "x=y"}, {"c", ""}}));
}

TEST(ParseOverrides, RefusesAnOptionWithoutName) {
  for (const char* option : {"a", "=1", ""}) {
    const auto values = parse_overrides({option});
    ASSERT_FALSE(values) << option;
    EXPECT_THAT(values.error().message(), HasSubstr("NAME=VALUE"));
  }
}

TEST(RunParameters, OverridesReplaceGlobalsAndAddUnknownOnes) {
  Workflow workflow = make_workflow("a");
  workflow.global_params = {in("day", "$[yyyy-MM-dd]"), in("mode", "slow")};
  const auto run = run_parameters(workflow, {{"mode", "fast"}, {"new", "1"}}, at_new_year());
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_THAT(run->globals, ElementsAre(in("day", "2023-01-01"), in("mode", "fast"), in("new", "1")));
}

TEST(RunParameters, ErrorsNameTheWorkflow) {
  Workflow workflow = make_workflow("a");
  workflow.global_params = {in("a", "${b}"), in("b", "${a}")};
  const auto run = run_parameters(workflow, {}, at_new_year());
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error().to_string(), HasSubstr("workflow 'w'"));
}

TEST(TaskParameters, LocalsBeatTheVarPoolWhichBeatsGlobals) {
  Workflow workflow = make_workflow("a");
  workflow.global_params = {in("g", "global"), in("v", "global"), in("l", "global")};
  workflow.tasks[0].local_params = {in("l", "local"), out("o", "default")};
  const auto run = run_parameters(workflow, {}, at_new_year());
  ASSERT_TRUE(run);
  const auto params = task_parameters(*run, workflow.tasks[0], {in("v", "pool"), in("l", "pool")}, 7, "");
  ASSERT_TRUE(params) << params.error().to_string();
  EXPECT_EQ(params->at("g").value, "global");
  EXPECT_EQ(params->at("v").value, "pool");
  EXPECT_EQ(params->at("l").value, "local");
  EXPECT_FALSE(params->contains("o"));
}

TEST(TaskParameters, CarryTheScheduleTime) {
  const Workflow workflow = make_workflow("a");
  ExpandTime time = at_new_year();
  time.schedule_time = "20220315103000";
  const auto run = run_parameters(workflow, {}, time);
  ASSERT_TRUE(run);
  const auto params = task_parameters(*run, workflow.tasks[0], {}, 7, "");
  ASSERT_TRUE(params);
  EXPECT_EQ(params->at("system.datetime").value, "20220315103000");
}

TEST(SubRunParameters, ParentGlobalsBeatWhatTheTaskHandsOverWhichBeatsTheChildsOwn) {
  Workflow child = make_workflow("c");
  child.global_params = {in("shared", "child"), in("handed", "child"), in("own", "child"), in("declared", "child")};
  Workflow parent = make_workflow("sub:SUB_PROCESS");
  parent.global_params = {in("shared", "parent")};
  parent.tasks[0].local_params = {in("handed", "ignored"), in("declared", "not received"), in("shared", "")};
  const auto run = run_parameters(parent, {}, at_new_year());
  ASSERT_TRUE(run);
  const auto sub = sub_run_parameters(child, parent.tasks[0], *run, {in("handed", "pool"), in("shared", "pool")});
  ASSERT_TRUE(sub) << sub.error().to_string();
  EXPECT_THAT(sub->globals,
              ElementsAre(in("shared", "parent"), in("handed", "pool"), in("own", "child"), in("declared", "child")));
}

TEST(SubVarPool, HandsOnWhatItReceivedAndTheOutParametersOfTheChild) {
  Workflow parent = make_workflow("sub:SUB_PROCESS");
  parent.tasks[0].local_params = {in("i", "1"), out("auc", "0"), out("none", "default")};
  EXPECT_THAT(
      sub_var_pool(parent.tasks[0], {in("before", "x"), in("auc", "old")}, {out("auc", "0.9"), out("other", "y")}),
      ElementsAre(in("before", "x"), out("auc", "0.9"), out("none", "default")));
}

// 3.1.5 `ConditionTaskProcessor`, with 'a' (code 1) ended in SUCCESS.
bool holds(const char* dependence) {
  const auto state_of = [](std::int64_t code) { return code == 1 ? std::optional(TaskState::kSuccess) : std::nullopt; };
  const auto name_of = [](std::int64_t code) { return std::to_string(code); };
  return evaluate_conditions(Json{{"dependence", Json::parse(dependence)}}, state_of, name_of).holds;
}

TEST(EvaluateConditions, AnItemWithoutStatusOrTaskNeverHolds) {
  const auto item = [](const std::string& members) {
    return holds(
        (R"({"relation":"AND","dependTaskList":[{"relation":"AND","dependItemList":[{)" + members + "}]}]}").c_str());
  };
  EXPECT_TRUE(item(R"("depTaskCode":1,"status":"SUCCESS")"));
  EXPECT_TRUE(item(R"("depTaskCode":"1","status":5)")) << "the place of SUCCESS among the states";
  EXPECT_FALSE(item(R"("depTaskCode":1,"status":null)"));
  EXPECT_FALSE(item(R"("depTaskCode":1,"status":"")"));
  EXPECT_FALSE(item(R"("depTaskCode":1,"status":"DONE")"));
  EXPECT_FALSE(item(R"("depTaskCode":1)"));
  EXPECT_FALSE(item(R"("depTaskCode":"","status":"SUCCESS")"));
  EXPECT_FALSE(item(R"("status":"SUCCESS")"));
}

TEST(EvaluateConditions, AnEmptyAndHoldsAndAnEmptyOrDoesNot) {
  EXPECT_TRUE(holds(R"({"relation":"AND","dependTaskList":[]})"));
  EXPECT_TRUE(holds(R"({"relation":"AND","dependTaskList":null})"));
  EXPECT_TRUE(holds(R"({"relation":"AND","dependTaskList":[{"relation":"AND","dependItemList":[]}]})"));
  EXPECT_FALSE(holds(R"({"relation":"OR","dependTaskList":[]})"));
  EXPECT_FALSE(holds(R"({"relation":1,"dependTaskList":""})"));
}

}  // namespace
}  // namespace porpoise
