#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "support/golden.h"

namespace porpoise {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Puts streams of the test in the place of the standard ones while it lives.
class Redirection {
 public:
  explicit Redirection(const std::string& input) : in_(input) {
    old_in_ = std::cin.rdbuf(in_.rdbuf());
    old_out_ = std::cout.rdbuf(out_.rdbuf());
    std::cin.clear();
  }
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;
  ~Redirection() {
    std::cin.rdbuf(old_in_);
    std::cout.rdbuf(old_out_);
  }
  std::string out() const { return out_.str(); }

 private:
  std::istringstream in_;
  std::ostringstream out_;
  std::streambuf* old_in_;
  std::streambuf* old_out_;
};

Outcome eval(std::vector<std::string> arguments, const std::string& input = "") {
  const Redirection streams(input);
  ::testing::internal::CaptureStderr();
  Outcome outcome;
  CLI::App app;
  add_eval_command(app, outcome.exit_code);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 takes a vector
  reversed.emplace_back("eval");
  app.parse(reversed);
  outcome.out = streams.out();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(EvalParams, ExpandsOneExpression) {
  const Outcome month_before = eval({"params", "$[add_months(yyyyMMdd,-1)]", "--datetime", "20230315000000"});
  EXPECT_EQ(month_before.exit_code, 0);
  EXPECT_EQ(month_before.out, "20230215\n");
  EXPECT_EQ(eval({"params", "--set", "a=1", "--set", "b=x=${a}", "${b} ${c}"}).out, "x=1 ${c}\n");
}

TEST(EvalParams, AWrongExpressionIsExitCodeOneWithItsPlace) {
  const Outcome outcome = eval({"params", "abc $[foo]"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("line 1, column 5"));
}

TEST(EvalParams, WrongOptionsAreExitCodeTwo) {
  EXPECT_EQ(eval({"params", "x", "--datetime", "yesterday"}).exit_code, 2);
  EXPECT_EQ(eval({"params", "x", "--set", "novalue"}).exit_code, 2);
  EXPECT_EQ(eval({"params", "x", "--time-zone", "Mars/Olympus"}).exit_code, 2);
}

TEST(EvalParams, AnswersLinesInPlaceAndKeepsTheirMembers) {
  const Outcome outcome = eval({"params", "--set", "a=default", "--set", "b=default"},
                               "{\"z\":1,\"text\":\"${a}${b}\",\"params\":{\"a\":\"1\"},\"result\":\"old\",\"m\":[2]}\n"
                               "\n"
                               "{\"text\":\"$[foo]\"}\n"
                               "{\"text\":\"last line without an end\"}");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out,
              StartsWith("{\"z\":1,\"text\":\"${a}${b}\",\"params\":{\"a\":\"1\"},\"m\":[2],\"result\":\"1default\"}\n"
                         "{\"text\":\"$[foo]\",\"error\":\"time expression"));
  EXPECT_THAT(outcome.out, HasSubstr("\"result\":\"last line without an end\"}\n"));
}

TEST(EvalParams, ABadLineIsNamedAndDoesNotStopTheOthers) {
  const Outcome outcome =
      eval({"params"}, "{\"text\":\n[1]\n{\"text\":1}\n{\"text\":\"a\",\"params\":{\"b\":[]}}\n{\"text\":\"ok\"}\n");
  EXPECT_EQ(outcome.exit_code, 2);
  std::istringstream lines(outcome.out);
  std::string line;
  for (int number = 1; number <= 4; ++number) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_THAT(line, StartsWith("{\"error\":\"input line " + std::to_string(number) + ": ")) << line;
  }
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "{\"text\":\"ok\",\"result\":\"ok\"}");
}

TEST(EvalParams, AnswersTheWholeRecording) {
  std::string input;
  const std::vector<Json> recorded = support::read_golden("params/placeholders.jsonl");
  for (const Json& line : recorded) input += line.dump() + "\n";
  const Outcome outcome = eval({"params", "--time-zone", "UTC"}, input);
  EXPECT_EQ(outcome.exit_code, 0);
  std::istringstream lines(outcome.out);
  for (const Json& expected : recorded) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const Json answer = Json::parse(line);
    EXPECT_EQ(answer.value("result", Json()), expected.value("expected", Json()));
    EXPECT_EQ(answer.contains("error"), expected.contains("error")) << line;
  }
}

TEST(EvalSwitch, EvaluatesOneCondition) {
  EXPECT_EQ(eval({"switch", "${auc} > 0.9", "--set", "auc=0.93"}).out, "true\n");
  EXPECT_EQ(eval({"switch", "${auc} > 0.9", "--set", "auc=0.5"}).out, "false\n");
  const Outcome wrong = eval({"switch", "${auc} +", "--set", "auc=1"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("rendered as `1 +`: SyntaxError"));
}

TEST(EvalSwitch, FollowsTheVersionAskedFor) {
  EXPECT_EQ(eval({"switch", "${n} === 1", "--set", "n=1"}).out, "true\n");
  EXPECT_EQ(eval({"switch", "${n} === 1", "--set", "n=1", "--compat", "3.1.9"}).out, "false\n");
}

TEST(EvalSwitch, AnswersLinesWithAResultAndWhyItIsAnError) {
  const Outcome outcome = eval({"switch"},
                               "{\"condition\":\"${a} == 1\",\"params\":{\"a\":\"1\"}}\n"
                               "{\"condition\":\"${b}\",\"params\":{}}\n[]\n");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out,
              StartsWith("{\"condition\":\"${a} == 1\",\"params\":{\"a\":\"1\"},\"result\":true}\n"
                         "{\"condition\":\"${b}\",\"params\":{},\"result\":\"error\",\"message\":\"unknown parameter"));
  EXPECT_THAT(outcome.out, HasSubstr("{\"result\":\"error\",\"message\":\"input line 3: not a JSON object\"}"));
}

TEST(EvalSwitch, AnswersTheWholeRecording) {
  std::string input;
  const std::vector<Json> recorded = support::read_golden("params/switch.jsonl");
  for (const Json& line : recorded) input += line.dump() + "\n";
  std::istringstream lines(eval({"switch"}, input).out);
  for (const Json& expected : recorded) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(Json::parse(line).at("result"), expected.at("result")) << line;
  }
}

TEST(Eval, HelpShowsExamples) {
  CLI::App app;
  int exit_code = -1;
  add_eval_command(app, exit_code);
  for (const char* const command : {"params", "switch"})
    EXPECT_THAT(app.get_subcommand("eval")->get_subcommand(command)->help(),
                HasSubstr("porpoise eval " + std::string(command)));
}

}  // namespace
}  // namespace porpoise
