#include "model/host_protocol.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

template <typename Message>
void expect_same(const Message& message) {
  const auto decoded = decode_host_message(encode(HostMessage(message)));
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_EQ(std::get<Message>(**decoded), message);
}

TEST(HostProtocol, EveryMessageSurvivesTheWire) {
  expect_same(StartedMessage{4711});
  expect_same(LineMessage{"a \"line\"\twith \n everything"});
  expect_same(AppIdMessage{"job_1"});
  expect_same(ProgressMessage{500, "half"});
  const auto cancel = decode_requester_message(encode(RequesterMessage(CancelMessage{"why", true})));
  ASSERT_TRUE(cancel && *cancel);
  EXPECT_EQ(std::get<CancelMessage>(**cancel), (CancelMessage{"why", true}));
  const auto ping = decode_requester_message(encode(RequesterMessage(PingMessage{})));
  ASSERT_TRUE(ping && *ping);
  EXPECT_TRUE(std::holds_alternative<PingMessage>(**ping));
}

TEST(HostProtocol, ResultSurvivesTheWire) {
  TaskResult result;
  result.state = TaskState::kKill;
  result.branch = Branch{1, "[42]"};
  result.alert = TaskAlert{7, "rows", "[]"};
  const auto decoded = decode_host_message(encode(HostMessage(FinishedMessage{result})));
  ASSERT_TRUE(decoded && *decoded);
  const auto& finished = std::get<FinishedMessage>(**decoded);
  ASSERT_TRUE(finished.result);
  EXPECT_EQ(to_json(*finished.result), to_json(result));
}

TEST(HostProtocol, ResultThatIsTooLargeIsLeftOut) {
  TaskResult result;
  result.var_pool = {Property{"a", Direct::kOut, "VARCHAR", std::string(kMaxHostMessageBytes, 'x')}};
  const std::string packet = encode(HostMessage(FinishedMessage{result}));
  EXPECT_LE(packet.size(), kMaxHostMessageBytes);
  const auto decoded = decode_host_message(packet);
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_FALSE(std::get<FinishedMessage>(**decoded).result);
}

TEST(HostProtocol, TextIsCutSoThatEvenTheWorstFits) {
  const std::string worst(1U << 20U, '\x01');
  for (const HostMessage& message : {HostMessage(LineMessage{worst}), HostMessage(ProgressMessage{1, worst})})
    EXPECT_LE(encode(message).size(), kMaxHostMessageBytes);
}

TEST(HostProtocol, BytesThatAreNoTextAreReplacedNotRefused) {
  EXPECT_TRUE(decode_host_message(encode(HostMessage(LineMessage{"\xff\xfe"}))));
}

TEST(HostProtocol, UnknownTypesAndMembersAreIgnored) {
  // "var": of hosts of 0.1.0, which say each OUT parameter once more before the result.
  for (const char* const type : {"from the future", "var"}) {
    const auto unknown = decode_host_message(R"({"v":1,"type":")" + std::string(type) + R"(","x":[1]})");
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(*unknown);
  }
  EXPECT_TRUE(*decode_requester_message(R"({"v":1,"type":"cancel","more":true})"));
}

TEST(HostProtocol, NonsenseIsAnError) {
  for (const char* packet : {"", "{", "[]", "null", R"({"type":"line"})", R"({"v":2,"type":"line"})",
                             R"({"v":1,"type":"finished","result":7})"})
    EXPECT_FALSE(decode_host_message(packet)) << packet;
  EXPECT_FALSE(decode_requester_message("garbage"));
}

}  // namespace
}  // namespace porpoise
