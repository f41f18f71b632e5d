#include "model/date_time.h"

#include <gtest/gtest.h>

#include "support/golden.h"

namespace porpoise {
namespace {

constexpr std::int64_t kLeapDay = 1709164800000;  // 2024-02-29T00:00:00Z, a Thursday

std::string at_leap_day(std::string_view expression) {
  auto result = evaluate_time_expression(expression, kLeapDay, utc());
  return result ? *result : "error: " + result.error().to_string();
}

// "yyyy-MM-ddTHH:mm:ss[.fraction]"
CivilTime civil_from(const std::string& iso) {
  std::string digits;
  for (const char c : iso.substr(0, 19))
    if (c >= '0' && c <= '9') digits += c;
  auto time = parse_civil_time(digits);
  EXPECT_TRUE(time) << iso;
  if (time && iso.size() > 20) time->nanos = std::stoi((iso.substr(20) + "000000000").substr(0, 9));
  return time.value_or(CivilTime{});
}

TEST(FormatTime, AgreesWithJavaTime) {
  for (const Json& line : support::read_golden("params/date_patterns.jsonl")) {
    const std::string pattern = line.at("pattern");
    const auto text = format_time(pattern, civil_from(line.at("time")));
    ASSERT_EQ(text.has_value(), line.contains("expected")) << line << " " << (text ? *text : text.error().to_string());
    if (text) {
      EXPECT_EQ(*text, line.at("expected").get<std::string>()) << line;
    }
  }
}

TEST(TimeExpression, ShiftsByDaysHoursAndMinutes) {
  EXPECT_EQ(at_leap_day("yyyyMMdd+7*2"), "20240314");
  EXPECT_EQ(at_leap_day("yyyyMMdd-1"), "20240228");
  EXPECT_EQ(at_leap_day("yyyyMMdd HHmm-5/24"), "20240228 1900");
  EXPECT_EQ(at_leap_day("yyyyMMdd HHmm+15/24/60"), "20240229 0015");
  EXPECT_EQ(at_leap_day("yyyy-MM-dd"), "2024-02-29");
}

// 3.1 reads a dot as an operator that makes 0 of what is on both its sides.
TEST(TimeExpression, AFractionOfADayIsNone) {
  EXPECT_EQ(at_leap_day("yyyyMMdd-0.5"), "20240229");
  EXPECT_EQ(at_leap_day("yyyyMMdd+1.5"), "20240229");
  EXPECT_EQ(at_leap_day("yyyyMMdd HHmm+0.5/24"), "20240229 0000");
  EXPECT_EQ(at_leap_day("add_months(yyyyMMdd,1.5)"), "20240229");
  EXPECT_EQ(at_leap_day("yyyyMMdd+2*1.5"), "20240229");
  EXPECT_EQ(at_leap_day("yyyyMMdd+1/24.0"), "error: number \"1/24.0\": division by zero");
  std::string deep = "yyyyMMdd+1";
  for (int i = 0; i < 100'000; ++i) deep += ".1";
  EXPECT_NE(at_leap_day(deep).find("nested deeper"), std::string::npos);
}

TEST(TimeExpression, KeepsToMonthAndWeekEnds) {
  EXPECT_EQ(at_leap_day("add_months(yyyyMMdd,-12)"), "20230228");
  EXPECT_EQ(at_leap_day("add_months(yyyyMMdd,-12*200)"), "18240229");
  EXPECT_EQ(at_leap_day("month_end(yyyyMMdd,-1)"), "20240228");
  EXPECT_EQ(at_leap_day("week_begin(yyyyMMdd,-(1+1))"), "20240224");
  EXPECT_EQ(at_leap_day("week_end(yyyyMMdd,0)"), "20240303");
}

TEST(TimeExpression, TimestampIsEpochSecondsOfAnyFormBelowIt) {
  EXPECT_EQ(at_leap_day("timestamp(add_months(yyyyMMddHHmmss,-1))"), "1706486400");
  EXPECT_EQ(at_leap_day("timestamp(yyyyMMdd)"),
            "error: timestamp needs a pattern that writes yyyyMMddHHmmss, but this one writes \"20240229\"");
}

TEST(TimeExpression, SaysWhatIsWrong) {
  EXPECT_EQ(at_leap_day("yyyy+1/0"), "error: number \"1/0\": division by zero");
  EXPECT_EQ(at_leap_day("yyyy+"), "error: nothing follows the \"+\"");
  EXPECT_EQ(at_leap_day("add_months(yyyy)"), "error: add_months needs two arguments, (pattern,number)");
  EXPECT_EQ(at_leap_day("add_months"), "error: add_months needs its arguments in parentheses");
  EXPECT_EQ(at_leap_day("add_months(yyyy,1"), "error: add_months needs its arguments in parentheses");
  EXPECT_EQ(at_leap_day("yyyy+9999999"), "error: number \"9999999\": a number beyond 32 bits");
  EXPECT_EQ(at_leap_day("add_months(yyyy,2147483647)"), "error: the time is outside of the years 1 to 9999");
  EXPECT_EQ(at_leap_day("add_months(yyyy,-2147483647)"), "error: the time is outside of the years 1 to 9999");
  EXPECT_EQ(at_leap_day("yyyy-1000000"), "error: the time is outside of the years 1 to 9999");
  EXPECT_EQ(at_leap_day("xxx"), "error: pattern letter \"x\" needs a zone, which time expressions do not have");
}

TEST(TimeExpression, RefusesABaseTimeOutsideOfTheCalendar) {
  EXPECT_FALSE(evaluate_time_expression("add_months(yyyy,1)", INT64_MAX / 2, utc()));
  EXPECT_FALSE(evaluate_time_expression("yyyy", INT64_MIN / 2, utc()));
}

TEST(EvaluateInteger, KnowsPrecedenceSignsAndTruncation) {
  EXPECT_EQ(*evaluate_integer(" 1+2*3 "), 7);
  EXPECT_EQ(*evaluate_integer("-(2+3)*-2"), 10);
  EXPECT_EQ(*evaluate_integer("-7/2"), -3);
  EXPECT_EQ(*evaluate_integer("60*24*(30)/24/60"), 30);
}

TEST(EvaluateInteger, RefusesWhatIsNoExpression) {
  for (const char* const text : {"", " ", "x", "1 +2", "(1", "1)", "*1", "1+", "2147483648", "2147483647+1"})
    EXPECT_FALSE(evaluate_integer(text)) << text;
  EXPECT_FALSE(evaluate_integer(std::string(100000, '(')));
  EXPECT_FALSE(evaluate_integer(std::string(100000, '-')));
}

TEST(ParseCivilTime, TakesFourteenDigitsOfAPossibleTime) {
  ASSERT_TRUE(parse_civil_time("20230231235959"));
  EXPECT_EQ(*format_time("yyyyMMddHHmmss", *parse_civil_time("20230231235959")), "20230228235959");
  for (const char* const text : {"", "2023031510304", "202303151030450", "20231315103045", "20230315243045",
                                 "20230315106045", "2023-3-15 1030", "00000101000000", "20230100000000"})
    EXPECT_FALSE(parse_civil_time(text)) << text;
}

}  // namespace
}  // namespace porpoise
