#include <gtest/gtest.h>

#include <map>

#include "model/parameter_resolution.h"
#include "model/set_value.h"
#include "model/var_pool.h"
#include "support/golden.h"

namespace porpoise {
namespace {

using support::read_golden;

Property in(const std::string& name, const std::string& value) {
  return {.prop = name, .direct = Direct::kIn, .type = "VARCHAR", .value = value};
}
Property out(const std::string& name, const std::string& value = "") {
  return {.prop = name, .direct = Direct::kOut, .type = "VARCHAR", .value = value};
}

std::string text_of(const PropertyList& list) {
  std::string text;
  for (const Property& property : list)
    text += (text.empty() ? "" : " ") + property.prop + (property.direct == Direct::kOut ? ">" : "<") + property.value;
  return text;
}

TEST(SetValue, TakesALineThatBeginsWithAMarker) {
  EXPECT_EQ(parse_set_value("${setValue(auc=0.93)}"), (Capture{"auc", "0.93"}));
  EXPECT_EQ(parse_set_value("#{setValue(c=3)} the rest is ignored\r"), (Capture{"c", "3"}));
}

TEST(SetValue, SplitsAtTheFirstEqualsAndAllowsAnEmptyValue) {
  EXPECT_EQ(parse_set_value("${setValue(q=a=b=c)}"), (Capture{"q", "a=b=c"}));
  EXPECT_EQ(parse_set_value("${setValue(k=)}"), (Capture{"k", ""}));
}

TEST(SetValue, AllowsParenthesesUpToTheLastEndOfTheLine) {
  EXPECT_EQ(parse_set_value("${setValue(f=max(a, b))}"), (Capture{"f", "max(a, b)"}));
  EXPECT_EQ(parse_set_value("${setValue(f={(1)}{(2)})}"), (Capture{"f", "{(1)}{(2)}"}));
}

TEST(SetValue, ASecondMarkerIsNotPartOfTheValue) {
  EXPECT_EQ(parse_set_value("${setValue(a=1)} ${setValue(b=2)}"), (Capture{"a", "1"}));
}

TEST(SetValue, LeavesOtherLinesToTheLog) {
  for (const char* const line :
       {"", "x ${setValue(b=2)}", " ${setValue(b=2)}", "${setValue(b=2", "${setValue(b=2)", "${setValue(b)}",
        "${setValue(=2)}", "${setValue()}", "$ {setValue(b=2)}", "${setvalue(b=2)}"})
    EXPECT_FALSE(parse_set_value(line)) << line;
}

TEST(FinishedVarPool, WithoutACaptureEveryOutParameterHasItsDefault) {
  EXPECT_EQ(text_of(finished_var_pool({in("a", "1")}, {out("b", "d"), in("c", "x"), out("e")}, {})), "a<1 b>d e>");
}

TEST(FinishedVarPool, WithCapturesOnlyTheCapturedOnesAreAdded) {
  const std::vector<Capture> captures = {{"c", "1"}, {"undeclared", "9"}, {"c", "2"}, {"empty", ""}};
  EXPECT_EQ(text_of(finished_var_pool({in("a", "1")}, {out("b", "d"), out("c"), out("empty", "d")}, captures)),
            "a<1 c>2 empty>");
}

TEST(FinishedVarPool, AnAddedParameterReplacesItsNamesake) {
  EXPECT_EQ(text_of(finished_var_pool({in("a", "1"), in("b", "2")}, {out("a")}, {{"a", "new"}})), "b<2 a>new");
  EXPECT_EQ(text_of(finished_var_pool({in("a", "1"), in("b", "2")}, {out("a", "d")}, {})), "b<2 a>d");
}

TEST(FinishedVarPool, GivesWhatA315RecordedForItsOutRules) {
  const PropertyList declared = {out("a", "dflt-a"), out("b", "dflt-b"), out("c", "dflt-c"), out("d", "dflt-d"),
                                 out("e", "dflt-e")};
  std::vector<Capture> captures;
  for (const char* const line : {"${setValue(a=1)}", "x ${setValue(b=2)}", "#{setValue(c=3)}", "${setValue(d=4)} tail",
                                 "${setValue(undeclared=9)}"})
    if (const auto capture = parse_set_value(line)) captures.push_back(*capture);
  const PropertyList first = finished_var_pool({}, declared, captures);
  EXPECT_EQ(text_of(first), "a>1 c>3 d>4");
  const PropertyList received = merge_var_pools({{.end_time_ms = 1, .var_pool = first}});
  EXPECT_EQ(text_of(finished_var_pool(received, {out("seen")}, {{"seen", "____"}})), "a<1 c<3 d<4 seen>____");
}

TEST(LocalParams, AreThoseOfTheTasksParameters) {
  const auto params =
      local_params(R"({"rawScript":"", "localParams":[{"prop":"a","direct":"OUT","type":"VARCHAR","value":null}]})");
  ASSERT_TRUE(params);
  EXPECT_EQ(text_of(*params), "a>");
  EXPECT_TRUE(local_params("{}")->empty());
  EXPECT_TRUE(local_params(R"({"localParams":null})")->empty());
  for (const char* const text : {"", "[]", R"({"localParams":{}})", R"({"localParams":[1]})"})
    EXPECT_FALSE(local_params(text)) << text;
}

TEST(MergeVarPools, ANonEmptyValueBeatsAnEmptyOneThenTheEarliestEndWins) {
  EXPECT_EQ(text_of(merge_var_pools({{20, {out("v", "late")}}, {10, {out("v", "early")}}, {30, {out("v", "later")}}})),
            "v<early");
  EXPECT_EQ(text_of(merge_var_pools({{10, {out("v", "")}}, {20, {out("v", "late")}}})), "v<late");
  EXPECT_EQ(text_of(merge_var_pools({{20, {out("v", "late")}}, {10, {out("v", "")}}})), "v<late");
  EXPECT_EQ(text_of(merge_var_pools({{10, {out("v", "one")}}, {10, {out("v", "other")}}})), "v<one");
  EXPECT_TRUE(merge_var_pools({}).empty());
}

TEST(MergeVarPools, KeepsTheOrderOfAJavaHashMap) {
  for (const Json& line : read_golden("params/hash_map_order.jsonl")) {
    PropertyList pool;
    for (const Json& name : line.at("inserted")) pool.push_back(out(name, "x"));
    Json order = Json::array();
    for (const Property& property : merge_var_pools({{.end_time_ms = 1, .var_pool = pool}}))
      order.push_back(property.prop);
    EXPECT_EQ(order, line.at("iterated"));
  }
}

TEST(MergeVarPools, GivesWhatA315RecordedForItsChain) {
  const PropertyList produced = {out("auc", "0.93"), out("tag", "v2")};
  const PropertyList received = merge_var_pools({{.end_time_ms = 1, .var_pool = produced}});
  EXPECT_EQ(text_of(received), "tag<v2 auc<0.93");
  const PropertyList used = finished_var_pool(received, {in("loc", "lv"), out("next")}, {{"next", "ok"}});
  EXPECT_EQ(text_of(used), "tag<v2 auc<0.93 next>ok");
  EXPECT_EQ(text_of(merge_var_pools({{.end_time_ms = 2, .var_pool = used}})), "next<ok tag<v2 auc<0.93");
}

TEST(MergeVarPools, SurvivesBrokenUtf8) {
  EXPECT_EQ(merge_var_pools({{.end_time_ms = 1, .var_pool = {out("a\xF0"), out("\xC3\x28")}}}).size(), 2U);
}

constexpr std::int64_t kNow = 1678876245000;  // 2023-03-15T10:30:45Z

TEST(BusinessTime, IsThatOfTheScheduleElseOfNow) {
  EXPECT_EQ(business_time({.now_ms = kNow}), (ParameterValues{{"system.biz.curdate", "20230315"},
                                                              {"system.biz.date", "20230314"},
                                                              {"system.datetime", "20230315103045"}}));
  EXPECT_EQ(business_time({.now_ms = kNow, .schedule_time = "20240301020304"}).at("system.biz.date"), "20240229");
}

TEST(CureGlobalParams, ResolvesDynamicValuesOnceByTimeAndEachOther) {
  const PropertyList declared = {in("day", "$[yyyyMMdd-1]"), in("biz", "${system.biz.date}"), in("copy", "${day}"),
                                 in("plain", "a ${day}"), in("set", "old")};
  const auto cured = resolve_global_params(declared, {{"set", "new"}, {"extra", "${biz}"}}, {.now_ms = kNow});
  ASSERT_TRUE(cured) << cured.error().to_string();
  EXPECT_EQ(text_of(*cured), "day<20230314 biz<20230314 copy<20230314 plain<a ${day} set<new extra<20230314");
}

TEST(CureGlobalParams, NamesTheParameterThatIsWrong) {
  const auto cured = resolve_global_params({in("a", "${b}"), in("b", "${a}")}, {}, {.now_ms = kNow});
  ASSERT_FALSE(cured);
  EXPECT_EQ(cured.error().to_string(), "parameter \"a\": circular reference ${b} -> ${a} -> ${b} at line 1, column 1");
}

TEST(PrepareParams, LocalInBeatsVarPoolBeatsGlobal) {
  const auto params = prepare_params({.global_params = {in("g", "1"), in("v", "1"), in("l", "1")},
                                      .var_pool = {in("v", "2"), in("l", "2")},
                                      .local_params = {in("l", "3"), out("g", "out")},
                                      .time = {.now_ms = kNow}});
  ASSERT_TRUE(params);
  EXPECT_EQ(parameter_values(*params), (ParameterValues{{"g", "1"}, {"v", "2"}, {"l", "3"}}));
}

TEST(PrepareParams, ResolvesDynamicValuesByTimeGlobalsAndTheTaskItself) {
  const auto params =
      prepare_params({.global_params = {in("g", "global")},
                      .var_pool = {in("v", "upstream")},
                      .local_params = {in("a", "${g}"), in("b", "$[yyyy]"), in("c", "${system.task.instance.id}"),
                                       in("d", "${system.task.execute.path}"), in("e", "${v}"), in("f", "x${g}")},
                      .task_instance_id = 42,
                      .execute_path = "/exec",
                      .time = {.now_ms = kNow}});
  ASSERT_TRUE(params);
  const ParameterValues values = parameter_values(*params);
  EXPECT_EQ(values.at("a"), "global");
  EXPECT_EQ(values.at("b"), "2023");
  EXPECT_EQ(values.at("c"), "42");
  EXPECT_EQ(values.at("d"), "/exec");
  EXPECT_EQ(values.at("e"), "${v}") << "the varPool is not known to other parameters in 3.1";
  EXPECT_EQ(values.at("f"), "x${g}") << "only a value that begins with $ is dynamic";
  EXPECT_FALSE(values.contains("system.datetime"));
}

TEST(PrepareParams, AScheduledRunAlwaysHasItsTime) {
  const ExpandTime scheduled = {.now_ms = kNow, .schedule_time = "20240301020304"};
  EXPECT_EQ(parameter_values(*prepare_params({.time = scheduled})),
            (ParameterValues{{"system.datetime", "20240301020304"}}));
  EXPECT_TRUE(prepare_params({.time = {.now_ms = kNow}})->empty());
}

}  // namespace
}  // namespace porpoise
