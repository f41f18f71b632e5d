#include "model/expand.h"

#include <gtest/gtest.h>

#include "support/golden.h"

namespace porpoise {
namespace {

constexpr std::int64_t kNow = 1678876245000;  // 2023-03-15T10:30:45Z

// An offset of +1 h that becomes +2 h at 2023-03-26T01:00:00Z and +1 h again at 2023-10-29T01:00:00Z.
TimeZone summer_time() {
  return {"summer", [](std::int64_t at) { return std::chrono::hours(at >= 1679792400 && at < 1698541200 ? 2 : 1); }};
}

std::string expanded(std::string_view text, const ParameterValues& values = {},
                     const ExpandTime& time = {.now_ms = kNow}) {
  auto result = expand(text, values, time);
  return result ? *result : "error: " + result.error().to_string();
}

TEST(Expand, AgreesWithTheRecordedEngine) {
  for (const Json& line : support::read_golden("params/placeholders.jsonl")) {
    const std::string text = line.at("text");
    const auto result = expand(text, line.at("params").get<ParameterValues>(), {.now_ms = kNow});
    if (line.contains("error")) {
      ASSERT_FALSE(result) << text << " gave " << *result;
      EXPECT_NE(result.error().to_string().find("line 1, column "), std::string::npos) << result.error().to_string();
    } else {
      ASSERT_TRUE(result) << text << ": " << result.error().to_string();
      EXPECT_EQ(*result, line.at("expected").get<std::string>()) << text;
    }
  }
}

TEST(Expand, ResolvesNamesInsideNamesAndValues) {
  const ParameterValues values = {{"a", "b"}, {"b", "x ${c}"}, {"c", "deep"}, {"k_b", "key"}};
  EXPECT_EQ(expanded("${${a}}", values), "x deep");
  EXPECT_EQ(expanded("${k_${a}}", values), "key");
  EXPECT_EQ(expanded("<${a}|${b}>", values), "<b|x deep>");
}

TEST(Expand, LeavesAnUnknownNameWithAllThatIsInside) {
  EXPECT_EQ(expanded("${setValue(r=${a})} ${no} ${a}", {{"a", "1"}}), "${setValue(r=${a})} ${no} 1");
  EXPECT_EQ(expanded("${ {a} }${}", {{"a", "1"}}), "${ {a} }${}");
}

TEST(Expand, AnInsertedValueDoesNotJoinTheTextAfterIt) {
  EXPECT_EQ(expanded("${d}{a}", {{"a", "1"}, {"d", "$"}}), "${a}");
}

TEST(Expand, NamesTheCircleAndItsPlace) {
  const std::string message = expanded("ok\n  ${a}", {{"a", "${b}"}, {"b", "${a}"}});
  EXPECT_EQ(message, "error: circular reference ${a} -> ${b} -> ${a} at line 2, column 3");
}

TEST(Expand, NamesThePlaceOfAWrongTimeInTheTextAsGiven) {
  EXPECT_EQ(expanded("${a}\necho $[i+1]", {{"a", "line one\nline two"}}),
            "error: time expression \"$[i+1]\" at line 2, column 6: unknown pattern letter \"i\"");
  EXPECT_EQ(expanded("x\n ${a}", {{"a", "now $[foo]"}}),
            "error: time expression \"$[foo]\" in the value put in at line 2, column 2: unknown pattern letter \"f\"");
}

TEST(Expand, TakesTheBaseTimeFromDatetimeThenScheduleThenNow) {
  const ExpandTime scheduled = {.now_ms = kNow, .schedule_time = "20220102030405"};
  EXPECT_EQ(expanded("$[yyyyMMddHHmmss]"), "20230315103045");
  EXPECT_EQ(expanded("$[yyyyMMddHHmmss]", {}, scheduled), "20220102030405");
  EXPECT_EQ(expanded("$[yyyyMMddHHmmss]", {{"system.datetime", "20210102030405"}}, scheduled), "20210102030405");
}

TEST(Expand, LeavesTimesAloneWhenTheBaseTimeIsUnreadable) {
  EXPECT_EQ(expanded("${a} $[yyyy] $[nonsense]", {{"system.datetime", "yesterday"}, {"a", "1"}}),
            "1 $[yyyy] $[nonsense]");
}

TEST(Expand, ReadsAndWritesTimesInTheGivenZone) {
  const ExpandTime time = {.now_ms = 1679788800000, .zone = summer_time()};  // 2023-03-26T01:00:00+01:00
  EXPECT_EQ(expanded("$[HH:mm] $[HH:mm+1/24]", {}, time), "01:00 03:00");
  EXPECT_EQ(expanded("$[timestamp(yyyyMMddHHmmss)]", {}, time), "1679788800");
  const ParameterValues in_the_gap = {{"system.datetime", "20230326023000"}};
  EXPECT_EQ(expanded("$[HHmmss]", in_the_gap, time), "033000");
  EXPECT_EQ(expanded("$[add_months(yyyyMMddHHmmss,1)]", {{"system.datetime", "20230226023000"}}, time),
            "20230326033000");
  EXPECT_EQ(expanded("$[timestamp(yyyyMMddHHmmss)]", {{"system.datetime", "20231029023000"}}, time), "1698539400");
}

TEST(Expand, CapsWhatParametersCanMultiplyTo) {
  ParameterValues values = {{"x0", "ha"}};
  for (int i = 1; i <= 40; ++i) {
    const std::string inner = "${x" + std::to_string(i - 1) + "}";
    values["x" + std::to_string(i)] = inner + inner;
  }
  EXPECT_NE(expanded("${x40}", values).find("expand to more than 100000 others"), std::string::npos);
  values["x0"] = "";
  EXPECT_NE(expanded("${x40}", values).find("expand to more than 100000 others"), std::string::npos);
  values["x0"] = std::string(100000, 'x');
  EXPECT_NE(expanded("${x40}", values).find("expand to more than 16777216 bytes"), std::string::npos);
}

TEST(Expand, RefusesReferencesThatGoTooDeep) {
  ParameterValues values;
  for (int i = 0; i < 100; ++i) values["x" + std::to_string(i)] = "${x" + std::to_string(i + 1) + "}";
  EXPECT_NE(expanded("${x0}", values).find("deeper than 64"), std::string::npos);
  std::string nested;
  for (int i = 0; i < 20000; ++i) nested += "${";
  EXPECT_EQ(expanded(nested), nested);
  EXPECT_NE(expanded(nested + std::string(20000, '}')).find("deeper than 64"), std::string::npos);
}

TEST(Expand, CapsWhatTimesCanMultiplyTo) {
  std::string text((16U << 20U) - (64U << 10U), 'x');
  const std::string plain = text;
  EXPECT_EQ(expanded(text), plain);
  for (int i = 0; i < 10000; ++i) text += "$[N]";  // four bytes become fourteen
  EXPECT_NE(expanded(text).find("time expressions expand to more than"), std::string::npos);
}

}  // namespace
}  // namespace porpoise
