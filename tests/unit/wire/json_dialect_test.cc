#include "wire/v31/json_dialect.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "support/golden.h"
#include "wire/messages.h"

namespace porpoise::wire {
namespace {

using support::read_golden;

Result<TaskContext> context_of(const std::string& members) {
  const std::string body =
      R"({"messageSenderAddress":"h:1","taskExecutionContext":{"taskInstanceId":1,"taskType":"SHELL",)" + members +
      "}}";
  auto message = profile_31(utc())->decode({Command::kTaskDispatchRequest, 1, body});
  if (!message) return fail(message.error());
  auto dispatch = std::get<DispatchTask>(std::move(*message));
  if (dispatch.defect) return fail(*dispatch.defect);
  return std::move(dispatch.context);
}

Json resources_of(const TaskContext& context) {
  Json json = Json::object();
  for (const auto& [name, owner] : context.resources) json[name] = owner;
  return json;
}

// A recorded map, with empty texts where it has nulls.
Json without_nulls(Json map) {
  for (Json& value : map)
    if (value.is_null()) value = "";
  return map;
}

TEST(Jackson, ReadsAContextAs31Does) {
  for (const Json& line : read_golden("jackson/contexts.jsonl")) {
    const std::string members = line.at("members");
    const auto context = context_of(members);
    ASSERT_EQ(context.has_value(), line.at("accepted").get<bool>()) << members;
    if (!context) continue;
    EXPECT_EQ(context->process_instance_id, integer_or(line, "processInstanceId", 0)) << members;
    EXPECT_EQ(context->process_define_code, integer_or(line, "processDefineCode", 0)) << members;
    EXPECT_EQ(context->task_name, string_or(line, "taskName", "")) << members;
    EXPECT_EQ(context->timeout_strategy, string_or(line, "taskTimeoutStrategy", "")) << members;
    EXPECT_EQ(context->first_submit_time_ms, integer_or(line, "firstSubmitTime", 0)) << members;
    EXPECT_EQ(resources_of(*context), without_nulls(line.value("resources", Json::object()))) << members;
    EXPECT_EQ(to_json(context->prepare_params), line.value("prepareParamsMap", Json::object())) << members;
  }
}

TEST(Jackson, ReadsABooleanAs31Does) {
  const auto profile = profile_31(utc());
  for (const Json& line : read_golden("jackson/flags.jsonl")) {
    const std::string body = R"({"taskInstanceId":1,"success":)" + line.at("value").get<std::string>() + "}";
    const auto message = profile->decode({Command::kTaskExecuteRunningAck, 1, body});
    ASSERT_EQ(message.has_value(), !line.at("success").is_null()) << body;
    if (!message) continue;
    EXPECT_EQ(std::get<RunningAck>(*message).success, line.at("success").get<bool>()) << body;
  }
}

TEST(Jackson, ReadsAndWritesDatesAs31DoesInEveryZone) {
  if (!std::filesystem::exists("/usr/share/zoneinfo/Asia/Shanghai")) GTEST_SKIP() << "this machine has no zone files";
  for (const Json& line : read_golden("jackson/dates.jsonl")) {
    ASSERT_TRUE(use_time_zone(line.at("zone")));
    const TimeZone zone = system_time_zone();
    const Json json = {{"date", line.at("text")}};
    const auto date = Members::of(json, "")->date("date", zone);
    ASSERT_EQ(date.has_value(), !line.at("epoch_ms").is_null()) << line;
    if (!date) continue;
    EXPECT_EQ(*date, line.at("epoch_ms").get<std::int64_t>()) << line;
    EXPECT_EQ(date_text(*date, zone), line.at("written").get<std::string>()) << line;
  }
  ASSERT_TRUE(use_time_zone("UTC"));
}

TEST(Jackson, WritesTextAs31Does) {
  for (const Json& line : read_golden("jackson/texts.jsonl"))
    EXPECT_EQ(write_json(line.at("text").get<std::string>()), line.at("written").get<std::string>());
}

TEST(Jackson, InvalidUtf8IsWrittenAsTheReplacementCharacter) {
  EXPECT_EQ(write_json("a\xFF"
                       "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(write_json("\xE4\xB8"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(write_json("\x1F\xC0\x1F"), "\"\\u001F\xEF\xBF\xBD\\u001F\"");
}

TEST(JavaDate, OnlyTheYears1To9999AreDates) {
  const TimeZone zone = utc();
  EXPECT_EQ(date_text(253402300799999, zone), "9999-12-31 23:59:59");
  EXPECT_EQ(date_text(-62135596800000, zone), "0001-01-01 00:00:00");
  for (const std::int64_t moment :
       {std::int64_t{253402300800000}, std::int64_t{-62135596800001}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(date_text(moment, zone), "") << moment;
    const Json json = {{"date", moment}};
    EXPECT_FALSE(Members::of(json, "")->date("date", zone)) << moment;
  }
  for (const char* const text : {"10000-01-01 00:00:00", "9999-12-31 24:00:00", "0000-01-01 00:00:00",
                                 "0001-00-31 00:00:00", "2026-11-99999999999 00:00:00", "2026--1-01 00:00:00", ""})
    EXPECT_FALSE(parse_date(text, zone)) << text;
  EXPECT_EQ(compact_date_text(1795467628647, zone), "20261123210028");
}

TEST(Members, NamesTheMemberThatIsWrong) {
  const Json json = {{"n", {1}}};
  const auto members = Members::of(json, "outer.");
  ASSERT_TRUE(members);
  EXPECT_EQ(members->text("n").error().to_string(), R"(member "outer.n" is not a text)");
  EXPECT_EQ(members->int32("n").error().to_string(), R"(member "outer.n" is no whole number of 64 bits)");
  EXPECT_EQ(members->flag("n").error().to_string(), R"(member "outer.n" is neither true nor false)");
  EXPECT_EQ(members->date("n", utc()).error().to_string(),
            R"(member "outer.n" is no date of the form yyyy-MM-dd HH:mm:ss)");
  EXPECT_EQ(members->name_among("n", {"A"}).error().to_string(), R"(member "outer.n" is not a name)");
  EXPECT_EQ(Members::of(json.at("n"), "outer.").error().to_string(), R"(member "outer" is not a JSON object)");
  EXPECT_EQ(Members::of(json.at("n"), "").error().to_string(), "body is not a JSON object");
}

TEST(ParseBody, ItsErrorsDoNotRepeatTheText) {
  const auto json = parse_body(R"({"password":"secret)");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().to_string().find("secret"), std::string::npos) << json.error().to_string();
  EXPECT_NE(json.error().to_string().find("line 1"), std::string::npos) << json.error().to_string();
}

}  // namespace
}  // namespace porpoise::wire
