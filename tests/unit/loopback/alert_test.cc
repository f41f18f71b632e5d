// An alert that a task asks for, on its way from a plugin through the built worker to an alert server that says what
// its test wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/listener.h"
#include "support/scripted_peers.h"
#include "unit/loopback/worker_case.h"

namespace porpoise {
namespace {

using testing::HasSubstr;
using wire::Command;

class LoopbackAlert : public WorkerCase {
 protected:
  // An alert server that gives this answer to each request, and a worker that knows it.
  void start_with_alerts(std::function<std::optional<std::string>(const wire::Frame& request)> answer) {
    auto server = Listener::open(io, {.address = "127.0.0.1:0"});
    ASSERT_TRUE(server) << server.error().to_string();
    alert_server = *std::move(server);
    peers.frame = [answer = std::move(answer)](const std::shared_ptr<Connection>& connection,
                                               const wire::Frame& frame) {
      if (const auto body = answer(frame))
        connection->send(wire::encode({Command::kAlertSendResponse, frame.opaque, *body}));
    };
    alert_server->start(peers);
    start({"--plugin-dir", PORPOISE_BUILD "/tests/plugins", "--alert-server",
           "127.0.0.1:" + std::to_string(alert_server->port())});
  }

  support::ScriptedPeers peers;
  std::unique_ptr<Listener> alert_server;
};

TEST_F(LoopbackAlert, IsSentWhenItsTaskHasEndedAndSaidWhenItWasNot) {
  std::optional<wire::Frame> asked;
  ASSERT_NO_FATAL_FAILURE(start_with_alerts([&](const wire::Frame& request) {
    asked = request;
    return R"({"success":false,"resResults":[{"success":false,"message":"no SMTP"}]})";
  }));

  master.dispatch(
      {.task_instance_id = 7, .params = R"({"do":"alert","title":"rows","content":"[{\"a\":1}]"})", .type = "FIXTURE"});
  ASSERT_NE(master.wait_for(Command::kTaskExecuteResult, 7), nullptr) << worker->log();
  ASSERT_TRUE(master.wait_until([&] { return asked.has_value(); })) << worker->log();
  EXPECT_EQ(asked->command, Command::kAlertSendRequest);
  EXPECT_EQ(asked->body, R"({"groupId":7,"title":"rows","content":"[{\"a\":1}]","warnType":1})");
  EXPECT_TRUE(master.wait_until([&] { return alert_server->connections() == 0; }));
  EXPECT_TRUE(master.wait_until([&] { return worker->log().find("it could not: no SMTP") != std::string::npos; }))
      << worker->log();
}

// It was lost when the worker died between the task's end and the alert server's answer.
TEST_F(LoopbackAlert, IsSentAgainAfterARestartUntilItIsAnsweredOrItsTaskAcknowledged) {
  int asked = 0;
  bool answers = false;
  master.acknowledge = [](const support::WorkerMessage& message) {
    return message.command == Command::kTaskExecuteResult ? support::kNoAck : support::Ack();
  };
  ASSERT_NO_FATAL_FAILURE(start_with_alerts([&](const wire::Frame&) {
    ++asked;
    return answers ? std::optional(R"({"success":true,"resResults":[]})") : std::nullopt;
  }));
  master.dispatch(
      {.task_instance_id = 7, .params = R"({"do":"alert","title":"rows","content":"[]"})", .type = "FIXTURE"});
  ASSERT_NE(master.wait_for(Command::kTaskExecuteResult, 7), nullptr) << worker->log();
  ASSERT_TRUE(master.wait_until([&] { return asked == 1; }));
  worker->kill();

  answers = true;
  worker->start();
  EXPECT_TRUE(master.wait_until([&] { return asked == 2; })) << worker->log();
  EXPECT_TRUE(master.wait_until([&] { return std::filesystem::exists(worker->state_dir(7) / "alerted"); }));
  worker->kill();

  const auto results = [&] {
    return std::count_if(master.messages().begin(), master.messages().end(),
                         [](const auto& m) { return m.command == Command::kTaskExecuteResult; });
  };
  const auto before = results();
  worker->start();
  EXPECT_TRUE(master.wait_until([&] { return results() > before; })) << "the task is recovered once more";
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace porpoise
