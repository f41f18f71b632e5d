#include <gtest/gtest.h>

#include <map>

#include "model/parameter_resolution.h"
#include "model/property.h"
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

TEST(Expand, ABackslashInATimeMakesTheNextCharacterTextAndIsGone) {
  EXPECT_EQ(expanded(R"($[yyyy\MM])"), "202303");
  EXPECT_EQ(expanded(R"($[yyyy\\MM])"), R"(2023\03)");
  EXPECT_EQ(expanded(R"(a\b $[yyyy])"), R"(a\b 2023)") << "outside of a time it stays";
  EXPECT_EQ(expanded(R"($[yyyy\])"),
            R"(error: time expression "$[yyyy\]" at line 1, column 1: the backslash at its end has nothing to escape)");
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
  EXPECT_NE(expanded("${x40}", values).find("expand to more than 67108864 bytes"), std::string::npos);
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
  std::string text((64U << 20U) - (64U << 10U), 'x');
  const std::string plain = text;
  EXPECT_EQ(expanded(text), plain);
  for (int i = 0; i < 10000; ++i) text += "$[N]";  // four bytes become fourteen
  EXPECT_NE(expanded(text).find("time expressions expand to more than"), std::string::npos);
}

}  // namespace

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

TEST(BusinessTime, IsThatOfTheScheduleElseOfNow) {
  EXPECT_EQ(business_time({.now_ms = kNow}), (ParameterValues{{"system.biz.curdate", "20230315"},
                                                              {"system.biz.date", "20230314"},
                                                              {"system.datetime", "20230315103045"}}));
  EXPECT_EQ(business_time({.now_ms = kNow, .schedule_time = "20240301020304"}).at("system.biz.date"), "20240229");
}

TEST(ResolveGlobalParams, ResolvesDynamicValuesOnceByTimeAndEachOther) {
  const PropertyList declared = {in("day", "$[yyyyMMdd-1]"), in("biz", "${system.biz.date}"), in("copy", "${day}"),
                                 in("plain", "a ${day}"), in("set", "old")};
  const auto resolved = resolve_global_params(declared, {{"set", "new"}, {"extra", "${biz}"}}, {.now_ms = kNow});
  ASSERT_TRUE(resolved) << resolved.error().to_string();
  EXPECT_EQ(text_of(*resolved), "day<20230314 biz<20230314 copy<20230314 plain<a ${day} set<new extra<20230314");
}

TEST(ResolveGlobalParams, NamesTheParameterThatIsWrong) {
  const auto resolved = resolve_global_params({in("a", "${b}"), in("b", "${a}")}, {}, {.now_ms = kNow});
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().to_string(),
            "parameter \"a\": circular reference ${b} -> ${a} -> ${b} at line 1, column 1");
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
