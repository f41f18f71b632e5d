#include "model/switch_rule.h"

#include <gtest/gtest.h>

#include "support/golden.h"

namespace porpoise {
namespace {

Property typed(const std::string& name, const std::string& value, const std::string& type = "VARCHAR") {
  return {.prop = name, .direct = Direct::kIn, .type = type, .value = value};
}

std::string rendered(std::string_view condition, const PropertyList& globals, const PropertyList& pool,
                     SwitchCompat compat = SwitchCompat::k315) {
  auto result = render_condition(condition, globals, pool, compat);
  return result ? *result : "error: " + result.error().to_string();
}

TEST(IsJavaNumber, AgreesWithNumberUtils) {
  for (const Json& line : support::read_golden("params/java_numbers.jsonl"))
    EXPECT_EQ(is_java_number(line.at("text").get<std::string>()), line.at("number").get<bool>()) << line;
}

TEST(RenderCondition, QuotesWhatIsNoNumber) {
  EXPECT_EQ(rendered("${n} > 1 && ${s} == 'x'", {typed("n", "2.5")}, {typed("s", "x")}), "2.5 > 1 && \"x\" == \"x\"");
  EXPECT_EQ(rendered("'${s}'", {typed("s", "x")}, {}), "\"\"x\"\"");
}

TEST(RenderCondition, GlobalsWinIn315AndTheVarPoolIn319) {
  EXPECT_EQ(rendered("${v}", {typed("v", "1")}, {typed("v", "2")}, SwitchCompat::k315), "1");
  EXPECT_EQ(rendered("${v}", {typed("v", "1", "LONG")}, {typed("v", "2", "LONG")}, SwitchCompat::k319), "2");
}

TEST(RenderCondition, QuotesByDeclaredTypeIn319) {
  const PropertyList globals = {typed("n", "1", "INTEGER"), typed("b", "true", "BOOLEAN"), typed("s", "1"),
                                typed("d", "2", "DATE")};
  EXPECT_EQ(rendered("${n} ${b} ${s} ${d}", globals, {}, SwitchCompat::k319), "1 true \"1\" \"2\"");
}

TEST(RenderCondition, AnUnknownNameIsAnErrorIn315AndStaysIn319) {
  EXPECT_EQ(rendered("${a} == ${b}", {typed("a", "1")}, {}),
            "error: unknown parameter \"b\": neither a global parameter nor set by an upstream task");
  EXPECT_EQ(rendered("${a} == ${b}", {typed("a", "1", "INTEGER")}, {}, SwitchCompat::k319), "1 == ${b}");
  EXPECT_EQ(rendered("${b}", {}, {}, SwitchCompat::k319).substr(0, 6), "error:");
  EXPECT_EQ(rendered("true", {typed("a", "1")}, {}, SwitchCompat::k319).substr(0, 6), "error:");
}

TEST(RenderCondition, ReplacesLaterNamesInEarlierValuesToo) {
  EXPECT_EQ(rendered("${a} == ${b}", {typed("a", "<${b}>"), typed("b", "2")}, {}), "\"<2>\" == 2");
  EXPECT_EQ(rendered("${b} == ${a}", {typed("a", "<${b}>"), typed("b", "2")}, {}), "2 == \"<${b}>\"");
}

TEST(RenderCondition, NamesDoNotReachOverALine) { EXPECT_EQ(rendered("${a\n} ${", {}, {}), "${a\n} ${"); }

TEST(RenderCondition, CapsWhatValuesCanMultiplyTo) {
  PropertyList globals;
  std::string condition;
  for (int i = 0; i < 40; ++i) {
    const std::string next = "${x" + std::to_string(i + 1) + "}";
    globals.push_back(typed("x" + std::to_string(i), next + next));
    condition += "${x" + std::to_string(i) + "}";
  }
  EXPECT_NE(rendered(condition, globals, {}).find("grows beyond"), std::string::npos);
  EXPECT_NE(rendered(std::string(1U << 20U, 'x'), {}, {}).find("larger than"), std::string::npos);
}

TEST(ParseSwitchRule, KeepsAListAndALongCodeExact) {
  const auto rule = parse_switch_rule(Json::parse(
      R"({"switchResult":{"dependTaskList":[{"condition":"c","nextNode":9007199254740993},{"nextNode":[]},{"nextNode":"[1,2]"},{"nextNode":"deploy"}],"nextNode":""}})"));
  ASSERT_TRUE(rule) << rule.error().to_string();
  ASSERT_EQ(rule->branches.size(), 4U);
  EXPECT_EQ(rule->branches[0].next_node, "9007199254740993");
  EXPECT_EQ(rule->branches[1].next_node, "");
  EXPECT_EQ(rule->branches[2].next_node, "[1,2]");
  EXPECT_EQ(rule->branches[3].next_node, "\"deploy\"");
  EXPECT_EQ(rule->default_node, "");
}

}  // namespace
}  // namespace porpoise
