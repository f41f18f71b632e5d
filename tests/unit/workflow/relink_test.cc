#include "workflow/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/workflow/make_workflow.h"
#include "workflow/workflow.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The demo as it comes out of an import: every code inside the CONDITIONS task is stale.
Workflow imported_demo() {
  Workflow workflow =
      make_workflow("validation switch:CONDITIONS deploy report", "validation>switch switch>deploy switch>report");
  workflow.tasks[2].name = "deploy sql";
  set_task_params(workflow, "switch",
                  R"({"dependence":{"relation":"AND","dependTaskList":[{"relation":"AND","dependItemList":[
                      {"depTaskCode":5702253720575,"status":"SUCCESS"}]}]},
                      "conditionResult":{"successNode":[5702253720578],"failedNode":[5702253720576]}})");
  return workflow;
}

Workflow imported_switch() {
  Workflow workflow = make_workflow("v s:SWITCH a b c", "v>s s>a s>b s>c");
  set_switch(workflow, "s", {"a", "b", "c"});
  return workflow;
}

std::vector<std::int64_t> codes_of(const Workflow& workflow, const std::string& task, const std::string& slot) {
  const TaskDefinition& found = *workflow.find(std::string_view(task));
  for (const auto& slots : {branch_slots(found.type, found.params), depend_slots(found.type, found.params)})
    for (const BranchSlot& one : slots)
      if (one.slot == slot) return one.codes;
  ADD_FAILURE() << "no slot " << slot;
  return {};
}

void set_slot(Workflow& workflow, const std::string& task, const char* pointer, const Json& value) {
  for (TaskDefinition& one : workflow.tasks) {
    if (one.name != task) continue;
    Json params = one.params;
    params[Json::json_pointer(pointer)] = value;
    set_params(one, params);
  }
}

TEST(FindDangling, NamesEverySlotOfAnImportedConditionsTaskAndItsCandidates) {
  const std::vector<Dangling> found = find_dangling(imported_demo());
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found[0].slot, "depends 1");
  EXPECT_THAT(found[0].candidates, ElementsAre("validation"));
  EXPECT_EQ(found[1].slot, "success");
  EXPECT_EQ(found[1].stale_code, 5702253720578);
  EXPECT_THAT(found[1].candidates, ElementsAre("deploy sql", "report"));
  EXPECT_EQ(found[2].slot, "failure");
}

TEST(FindDangling, FindsNothingInASoundSwitch) { EXPECT_THAT(find_dangling(imported_switch()), IsEmpty()); }

TEST(FindDangling, CountsABranchToATaskThatIsNotDownstream) {
  Workflow workflow = imported_switch();
  set_slot(workflow, "s", "/switchResult/nextNode", code_of(workflow, "v"));
  ASSERT_THAT(find_dangling(workflow), SizeIs(1));
  EXPECT_EQ(find_dangling(workflow)[0].slot, "default");
}

TEST(FindDangling, ReadsCodesWrittenAsTexts) {
  Workflow workflow = imported_switch();
  set_slot(workflow, "s", "/switchResult/dependTaskList/1/nextNode", "77");
  ASSERT_THAT(find_dangling(workflow), SizeIs(1));
  EXPECT_EQ(find_dangling(workflow)[0].slot, "branch 2");
  EXPECT_EQ(find_dangling(workflow)[0].stale_code, 77);
}

TEST(Relink, OneOptionLeavesTheRestOfTheDemoWithOneReading) {
  Workflow workflow = imported_demo();
  ASSERT_TRUE(apply_relink(workflow, "switch:success=deploy sql"));
  const auto said = relink_by_only_reading(workflow);
  ASSERT_TRUE(said) << said.error().to_string();
  EXPECT_THAT(*said, SizeIs(2));
  EXPECT_THAT((*said)[0], HasSubstr("'validation'"));
  EXPECT_THAT(codes_of(workflow, "switch", "success"), ElementsAre(3));
  EXPECT_THAT(codes_of(workflow, "switch", "failure"), ElementsAre(4));
  EXPECT_THAT(codes_of(workflow, "switch", "depends 1"), ElementsAre(1));
  EXPECT_THAT(find_dangling(workflow), IsEmpty());
  EXPECT_THAT(workflow.tasks[1].params_text, HasSubstr("\"successNode\":[3]"));
}

TEST(Relink, ListsTheOptionsToGiveWhenThereAreSeveralReadings) {
  Workflow workflow = imported_demo();
  const auto said = relink_by_only_reading(workflow);
  ASSERT_FALSE(said);
  EXPECT_THAT(said.error().message(), HasSubstr("\n  --relink 'switch:success=deploy sql'\n"));
  EXPECT_THAT(said.error().message(), HasSubstr("\n  --relink 'switch:failure=report'"));
  EXPECT_THAT(said.error().message(), testing::Not(HasSubstr("switch:depends 1")));
}

TEST(Relink, EveryOptionItListsIsAccepted) {
  Workflow workflow = imported_demo();
  workflow.tasks[2].name = "it's: a=b";
  workflow.tasks[1].name = "sw:itch";
  for (const Dangling& dangling : find_dangling(workflow)) {
    const Status status =
        apply_relink(workflow, dangling.task_name + ":" + dangling.slot + "=" + dangling.candidates[0]);
    EXPECT_TRUE(status) << status.error().to_string();
  }
  EXPECT_THAT(find_dangling(workflow), IsEmpty());
}

TEST(Relink, TakesTheOneBranchThatIsLeft) {
  Workflow workflow = imported_switch();
  set_slot(workflow, "s", "/switchResult/dependTaskList/1/nextNode", 99);
  const auto said = relink_by_only_reading(workflow);
  ASSERT_TRUE(said) << said.error().to_string();
  ASSERT_THAT(*said, SizeIs(1));
  EXPECT_THAT((*said)[0], testing::AllOf(HasSubstr("'branch 2'"), HasSubstr("99"), HasSubstr("'b'")));
  EXPECT_THAT(codes_of(workflow, "s", "branch 2"), ElementsAre(code_of(workflow, "b")));
}

TEST(Relink, SaysNothingAboutSoundWorkflows) {
  Workflow workflow = imported_switch();
  const auto said = relink_by_only_reading(workflow);
  ASSERT_TRUE(said);
  EXPECT_THAT(*said, IsEmpty());
}

TEST(Relink, ASwitchTakesSuccessAndFailureAsFirstBranchAndDefault) {
  Workflow workflow = imported_switch();
  ASSERT_TRUE(apply_relink(workflow, "s:success=c"));
  ASSERT_TRUE(apply_relink(workflow, "s:failure=a"));
  EXPECT_THAT(codes_of(workflow, "s", "branch 1"), ElementsAre(code_of(workflow, "c")));
  EXPECT_THAT(codes_of(workflow, "s", "default"), ElementsAre(code_of(workflow, "a")));
}

TEST(Relink, KeepsTheSoundCodesOfASlot) {
  Workflow workflow = make_workflow("v c:CONDITIONS x y z", "v>c c>x c>y c>z");
  set_conditions(workflow, "c", "v", "x", "z");
  set_slot(workflow, "c", "/conditionResult/successNode", {code_of(workflow, "x"), 99});
  ASSERT_TRUE(apply_relink(workflow, "c:success=y"));
  EXPECT_THAT(codes_of(workflow, "c", "success"), ElementsAre(code_of(workflow, "x"), code_of(workflow, "y")));
}

TEST(Relink, WrongOptionsAreToldWhatThereIs) {
  Workflow workflow = imported_switch();
  const auto problem = [&](const char* option) {
    const Status status = apply_relink(workflow, option);
    return status ? std::string("accepted") : status.error().message();
  };
  EXPECT_THAT(problem("nonsense"), HasSubstr("'TASK:SLOT=TARGET'"));
  EXPECT_THAT(problem("x:default=a"), HasSubstr("the tasks that have slots are 's'"));
  EXPECT_THAT(problem("s:defualt=a"), HasSubstr("did you mean 'default'?"));
  EXPECT_THAT(problem("s:default=v"), HasSubstr("it can be 'a', 'b', 'c'"));
  EXPECT_THAT(problem("v:default=a"), HasSubstr("only SWITCH and CONDITIONS"));
}

}  // namespace
}  // namespace porpoise
