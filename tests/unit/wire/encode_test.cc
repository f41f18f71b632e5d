#include <gtest/gtest.h>

#include <filesystem>

#include "unit/wire/recordings.h"
#include "wire/messages.h"
#include "wire/v31/json_dialect.h"

namespace porpoise::wire {
namespace {

// --- What the peers of a worker do: reading what it writes ---

std::string text(const Json& body, const char* key) { return string_or(body, key, ""); }
std::int64_t number(const Json& body, const char* key) { return body.at(key).get<std::int64_t>(); }

std::int64_t date(const Json& body, const char* key) {
  return body.at(key).is_null() ? 0 : parse_date(body.at(key).get<std::string>(), utc()).value();
}

std::vector<std::string> texts(const Json& body) {
  const Json& list = body.at("appIds");
  return list.is_null() ? std::vector<std::string>() : list.get<std::vector<std::string>>();
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text.substr(0, text.find('='))) {
    group = (group << 6U | static_cast<std::uint32_t>(kAlphabet.find(c))) & 0xFFFFFU;
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xFFU);
  }
  return bytes;
}

Addressing head(const Json& body) {
  return {text(body, "messageSenderAddress"), text(body, "messageReceiverAddress"), number(body, "messageSendTime")};
}

TaskRunning running(const Json& body) {
  return {head(body),
          number(body, "taskInstanceId"),
          number(body, "processInstanceId"),
          date(body, "startTime"),
          text(body, "logPath"),
          text(body, "executePath"),
          number(body, "processId"),
          text(body, "appIds")};
}

TaskEnded ended(const Json& body) {
  return {.addressing = head(body),
          .task_instance_id = number(body, "taskInstanceId"),
          .process_instance_id = number(body, "processInstanceId"),
          .status = body.at("status").get<int>(),
          .start_time_ms = date(body, "startTime"),
          .log_path = text(body, "logPath"),
          .execute_path = text(body, "executePath"),
          .end_time_ms = date(body, "endTime"),
          .process_id = number(body, "processId"),
          .app_ids = text(body, "appIds"),
          .var_pool = property_list_from_json(parse_json(text(body, "varPool")).value()).value()};
}

Outgoing read_outgoing(const Frame& frame) {
  if (frame.command == Command::kHeartBeat) return Beat{};
  const Json body = parse_json(frame.body).value();
  switch (frame.command) {
    case Command::kTaskExecuteRunning: return running(body);
    case Command::kTaskExecuteResult: return ended(body);
    case Command::kTaskReject:
      return TaskRejected{head(body), number(body, "taskInstanceId"), number(body, "processInstanceId")};
    case Command::kTaskKillResponse:
      return KillAnswer{number(body, "taskInstanceId"), text(body, "host"), text(body, "status"),
                        number(body, "processId"), texts(body)};
    case Command::kRollViewLogResponse: return LogPage{text(body, "msg")};
    case Command::kViewWholeLogResponse: return WholeLog{text(body, "msg")};
    case Command::kGetLogBytesResponse: return LogBytes{from_base64(text(body, "data"))};
    case Command::kRemoveTaskLogResponse: return LogRemoved{body.at("status").get<bool>()};
    case Command::kGetAppIdResponse: return AppIds{texts(body)};
    default: ADD_FAILURE() << name_of(frame.command); return Pong{};
  }
}

std::string body_of(const Outgoing& message, const TimeZone& zone = utc()) {
  return profile_31(zone)->encode(message, 1).body;
}

// --- Tests ---

TEST(Profile31, WritesEveryRecordedFrameOfAWorkerAgainByteForByte) {
  const auto profile = profile_31(utc());
  for (const char* const number : {"03", "04", "08", "10", "11", "13", "20", "21", "25", "35", "36", "37"}) {
    const Frame frame = recorded_frame(number);
    const Frame again = profile->encode(read_outgoing(frame), frame.opaque);
    EXPECT_EQ(again.command, frame.command) << number;
    EXPECT_EQ(again.body, frame.body) << number;
    EXPECT_EQ(encode(again), encode(frame)) << number;
  }
}

TEST(Profile31, WhatThereIsNotIsNull) {
  TaskEnded delayed;
  delayed.addressing = {"w:1", "", 5};
  delayed.task_instance_id = 1;
  delayed.status = 12;
  EXPECT_EQ(body_of(delayed),
            R"({"messageSenderAddress":"w:1","messageReceiverAddress":null,"messageSendTime":5,"taskInstanceId":1,)"
            R"("processInstanceId":0,"status":12,"startTime":null,"host":"w:1","logPath":null,"executePath":null,)"
            R"("endTime":null,"processId":0,"appIds":null,"varPool":null})");
  EXPECT_EQ(body_of(KillAnswer{1, "w:1", "KILL", 0, {}}),
            R"({"taskInstanceId":1,"host":"w:1","status":"KILL","processId":0,"appIds":null})");
  EXPECT_EQ(body_of(AppIds{}), R"({"appIds":[]})");
}

TEST(Profile31, ARunningTaskTellsItsApplications) {
  TaskRunning message;
  message.addressing = {"w:1", "m:1", 5};
  message.task_instance_id = 1;
  message.app_ids = "application_1_2";
  EXPECT_EQ(body_of(message),
            R"({"messageSenderAddress":"w:1","messageReceiverAddress":"m:1","messageSendTime":5,"taskInstanceId":1,)"
            R"("processInstanceId":0,"startTime":null,"host":"w:1","status":"RUNNING_EXECUTION","logPath":null,)"
            R"("executePath":null,"processId":0,"appIds":"application_1_2"})");
}

TEST(Profile31, AVarPoolTravelsAsTextInAText) {
  TaskEnded message;
  message.var_pool = PropertyList{};
  EXPECT_NE(body_of(message).find(R"("varPool":"[]"})"), std::string::npos);
  message.var_pool->push_back(
      {.prop = "k", .direct = Direct::kOut, .type = "VARCHAR", .value = "a\"b\x1F\xE4\xB8\xAD"});
  const std::string body = body_of(message);
  EXPECT_NE(body.find(R"("varPool":"[{\"prop\":\"k\",\"direct\":\"OUT\",\"type\":\"VARCHAR\",)"
                      "\\\"value\\\":\\\"a\\\\\\\"b\\\\u001F\xE4\xB8\xAD\\\"}]\"}"),
            std::string::npos)
      << body;
}

TEST(Profile31, WritesWhatNoRecordingHas) {
  EXPECT_EQ(body_of(SavepointAnswer{7}), R"({"taskInstanceId":7})");
  EXPECT_EQ(body_of(KillAnswer{7, "w:1", "SUCCESS", 4711, {"application_1_2", "application_1_3"}}),
            R"({"taskInstanceId":7,"host":"w:1","status":"SUCCESS","processId":4711,)"
            R"("appIds":["application_1_2","application_1_3"]})");
  EXPECT_EQ(body_of(AppIds{{"application_1_2"}}), R"({"appIds":["application_1_2"]})");
  EXPECT_EQ(body_of(LogRemoved{false}), R"({"status":false})");
  EXPECT_EQ(body_of(LogPage{}), R"({"msg":""})");
  EXPECT_EQ(body_of(LogBytes{}), R"({"data":""})");
  EXPECT_EQ(body_of(Alert{.group_id = 1, .title = "t", .content = "c", .warn_type = 2}),
            R"({"groupId":1,"title":"t","content":"c","warnType":2})");
  EXPECT_EQ(profile_31(utc())->encode(Pong{}, 78), (Frame{Command::kPong, 78, ""}));
  EXPECT_EQ(profile_31(utc())->encode(Beat{}, 9), (Frame{Command::kHeartBeat, 9, "heart_beat"}));
  EXPECT_EQ(profile_31(utc())->encode(SavepointAnswer{1}, -3).command, Command::kTaskSavepointResponse);
}

TEST(Profile31, ALogThatIsNotUtf8IsStillAnswered) {
  EXPECT_EQ(body_of(LogPage{"a\xFF\r\n"}), "{\"msg\":\"a\xEF\xBF\xBD\\r\\n\"}");
  EXPECT_EQ(body_of(LogBytes{std::string("\0\xFF", 2)}), R"({"data":"AP8="})");
}

TEST(Profile31, DatesAreWrittenInTheZoneOfTheProfile) {
  if (!std::filesystem::exists("/usr/share/zoneinfo/Asia/Shanghai")) GTEST_SKIP() << "this machine has no zone files";
  ASSERT_TRUE(use_time_zone("Asia/Shanghai"));
  TaskRunning message;
  message.start_time_ms = 1795467628647;
  const std::string body = body_of(message, system_time_zone());
  EXPECT_NE(body.find(R"("startTime":"2026-11-24 05:00:28")"), std::string::npos) << body;
  ASSERT_TRUE(use_time_zone("UTC"));
}

}  // namespace
}  // namespace porpoise::wire
