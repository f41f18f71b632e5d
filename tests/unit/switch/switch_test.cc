#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/fake_host.h"

namespace porpoise {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTwoBranches = R"({"switchResult": {"dependTaskList": [
    {"condition": "${auc} > 0.9", "nextNode": 11}, {"condition": "${auc} > 0.5", "nextNode": "12"}], "nextNode": [13, 14]}})";

// The context of a task that got auc from upstream.
std::string with_auc(const std::string& value) {
  return R"({"globalParams": null, "varPool": [{"prop": "auc", "direct": "IN", "type": "DOUBLE", "value": ")" + value +
         "\"}]}";
}

class Switch : public ::testing::Test {
 protected:
  support::LoadedTask::Ending run(const std::string& params, const std::string& context,
                                  const std::string& config = "{}") {
    support::LoadedTask task(host_, "switch.so", "SWITCH");
    auto ending = task.prepare(params, config, context);
    return ending.status == PORPOISE_OK ? task.run() : ending;
  }

  support::FakeHost host_;
};

TEST_F(Switch, TakesTheFirstBranchThatIsTrueAndSaysWhy) {
  EXPECT_EQ(run(kTwoBranches, with_auc("0.93")).status, PORPOISE_OK);
  ASSERT_TRUE(host_.branch());
  EXPECT_EQ(host_.branch()->index, 0);
  EXPECT_EQ(host_.branch()->next_node, "11");
  EXPECT_THAT(host_.log(), HasSubstr("branch 1 condition: ${auc} > 0.9\n"
                                     "branch 1 rendered: 0.93 > 0.9\n"
                                     "branch 1 result: true\n"
                                     "going on with branch 1: task 11\n"));
  EXPECT_THAT(host_.log(), Not(HasSubstr("branch 2")));
}

TEST_F(Switch, GoesOnToLaterBranchesAndReadsACodeWrittenAsText) {
  EXPECT_EQ(run(kTwoBranches, with_auc("0.7")).status, PORPOISE_OK);
  ASSERT_TRUE(host_.branch());
  EXPECT_EQ(host_.branch()->index, 1);
  EXPECT_EQ(host_.branch()->next_node, "12");
}

TEST_F(Switch, FallsBackToTheDefaultBranch) {
  EXPECT_EQ(run(kTwoBranches, with_auc("0.2")).status, PORPOISE_OK);
  ASSERT_TRUE(host_.branch());
  EXPECT_EQ(host_.branch()->index, 2);
  EXPECT_EQ(host_.branch()->next_node, "[13,14]");
}

TEST_F(Switch, ABrokenConditionFailsTheTaskInsteadOfTryingTheNext) {
  const auto ending = run(R"({"switchResult": {"dependTaskList": [
      {"condition": "${auc} >", "nextNode": 1}, {"condition": "true", "nextNode": 2}], "nextNode": 3}})",
                          with_auc("1"));
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, HasSubstr("branch 1, condition `1 >`: SyntaxError"));
  EXPECT_FALSE(host_.branch());
}

TEST_F(Switch, AnUnknownParameterIsNamed) {
  const auto ending = run(kTwoBranches, "{}");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, HasSubstr("branch 1, condition \"${auc} > 0.9\": unknown parameter \"auc\""));
}

TEST_F(Switch, AResultThatIsNoBooleanIsNamed) {
  const auto ending = run(R"({"switchResult": {"dependTaskList": [{"condition": "1 + 1", "nextNode": 1}]}})", "{}");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, HasSubstr("branch 1, condition `1 + 1`: the result is not a Boolean but a number, 2"));
}

TEST_F(Switch, AnEmptyConditionIsAlwaysTaken) {
  EXPECT_EQ(
      run(R"({"switchResult": {"dependTaskList": [{"condition": null, "nextNode": 5}], "nextNode": 6}})", "{}").status,
      PORPOISE_OK);
  ASSERT_TRUE(host_.branch());
  EXPECT_EQ(host_.branch()->next_node, "5");
}

TEST_F(Switch, NowhereToGoIsAFailure) {
  const auto no_default = run(R"({"switchResult": {"dependTaskList": [{"condition": "false", "nextNode": 1}]}})", "{}");
  EXPECT_EQ(no_default.status, PORPOISE_FAILED);
  EXPECT_THAT(no_default.message, HasSubstr("the default branch was chosen, but it has no task"));
  const auto no_node = run(R"({"switchResult": {"dependTaskList": [{"condition": "true"}], "nextNode": 1}})", "{}");
  EXPECT_EQ(no_node.status, PORPOISE_FAILED);
  EXPECT_THAT(no_node.message, HasSubstr("branch 1 was chosen, but it has no task"));
  EXPECT_FALSE(host_.branch());
}

TEST_F(Switch, ReadsTheRuleOfATaskInstanceWhichIsAText) {
  const std::string rule =
      R"({"dependTaskList":[{"condition":"true","nextNode":9}],"nextNode":8,"resultConditionLocation":0})";
  EXPECT_EQ(run(Json{{"switchResult", rule}}.dump(), "{}").status, PORPOISE_OK);
  ASSERT_TRUE(host_.branch());
  EXPECT_EQ(host_.branch()->next_node, "9");
}

TEST_F(Switch, FollowsTheConfiguredVersion) {
  const std::string params =
      R"({"switchResult": {"dependTaskList": [{"condition": "${v} == '1'", "nextNode": 1}], "nextNode": 2}})";
  const std::string context =
      R"({"globalParams": [{"prop": "v", "value": "2"}], "varPool": [{"prop": "v", "value": "1"}]})";
  EXPECT_EQ(run(params, context).status, PORPOISE_OK);
  EXPECT_EQ(host_.branch()->next_node, "2") << "3.1.5: the global wins";
  EXPECT_EQ(run(params, context, R"({"compat": "3.1.9"})").status, PORPOISE_OK);
  EXPECT_EQ(host_.branch()->next_node, "1") << "3.1.9: the varPool wins";
  EXPECT_THAT(host_.log(), HasSubstr("rendered: \"1\" == \"1\""));
}

TEST_F(Switch, RefusesWrongParametersAndConfiguration) {
  for (const char* const params :
       {"", "[]", "{}", R"({"switchResult": []})", R"({"switchResult": "nonsense"})",
        R"({"switchResult": {"dependTaskList": {}}})", R"({"switchResult": {"dependTaskList": [7]}})",
        R"({"switchResult": {"dependTaskList": [{"condition": [], "nextNode": 1}]}})",
        R"({"switchResult": {"nextNode": {"a": 1}}})"}) {
    const auto ending = run(params, "{}");
    EXPECT_EQ(ending.status, PORPOISE_INVALID_PARAMS) << params;
    EXPECT_FALSE(ending.message.empty()) << params;
  }
  EXPECT_THAT(run(kTwoBranches, "{}", R"({"compat": "3.2"})").message, HasSubstr("\"3.2\" is neither 3.1.5 nor 3.1.9"));
}

TEST_F(Switch, ADryRunShowsWhatEachConditionBecomes) {
  support::LoadedTask task(host_, "switch.so", "SWITCH");
  ASSERT_EQ(task.prepare(kTwoBranches, "{}", with_auc("0.93")).status, PORPOISE_OK);
  EXPECT_EQ(task.plan(), "branch 1: 0.93 > 0.9 -> 11\nbranch 2: 0.93 > 0.5 -> 12\ndefault -> [13,14]\n");
  EXPECT_FALSE(host_.branch());
}

}  // namespace
}  // namespace porpoise
