#include "base/json.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

TEST(ParseJson, ErrorsNameLineAndColumn) {
  const auto broken = parse_json("{\n  \"a\": tru\n}");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().to_string().find("line 2, column 11"), std::string::npos) << broken.error().to_string();
}

TEST(ParseJson, NumbersTooLargeAreNamedWithoutTheLibrarysWords) {
  const auto parsed = parse_json("[1e400]");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message(), "line 1, column 6: number overflow parsing '1e400'");
}

TEST(ParseJson, RefusesDeepNestingInsteadOfCrashing) {
  const auto deep = parse_json(std::string(10000, '['));
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().to_string().find("deeper than 64"), std::string::npos) << deep.error().to_string();
}

TEST(ParseJson, RefusesMoreValuesThanItMayHold) {
  EXPECT_TRUE(parse_json(R"({"a":[1,true],"b":null})", {.max_values = 5}));
  for (const char* const text : {R"({"a":[1,true],"b":null})", "[[],[],[],[],[]]", R"(["a","b",1.5,-1,{}])"}) {
    const auto json = parse_json(text, {.max_values = 4});
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().message(), "more than 4 values");
  }
}

TEST(ParseJson, RefusesTextOverTheCap) { EXPECT_FALSE(parse_json("[1,2,3]", {.max_bytes = 3, .max_depth = 8})); }

TEST(ParseJson, KeepsJavaLongsExact) {
  EXPECT_EQ((*parse_json("9223372036854775807")).get<std::int64_t>(), 9223372036854775807);
}

TEST(LocatePointer, FindsTheValueBehindStringsThatHoldBrackets) {
  const std::string text = "{\"a\": \"]}\\\"\",\n \"b\": [10, {\"c\": true}]}";
  EXPECT_EQ(describe_position(text, locate_pointer(text, Json::json_pointer("/b/1/c"))), "line 2, column 18");
  EXPECT_EQ(locate_pointer(text, Json::json_pointer("/b/7")), 0U);
}

TEST(DumpJson, ReplacesInvalidUtf8) { EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace porpoise
