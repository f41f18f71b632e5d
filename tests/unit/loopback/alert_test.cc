// An alert that a task asks for, on its way from a plugin through the built worker to an alert server that says what
// its test wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "support/scripted_master.h"
#include "support/worker_process.h"
#include "support/zookeeper_server.h"

namespace porpoise {
namespace {

using testing::HasSubstr;
using wire::Command;

TEST(LoopbackAlert, IsSentWhenItsTaskHasEndedAndSaidWhenItWasNot) {
  if (const std::string why = support::ZookeeperServer::missing(); !why.empty()) GTEST_SKIP() << why;
  support::ZookeeperServer zookeeper;
  ASSERT_EQ(zookeeper.problem(), "");

  boost::asio::io_context io;
  auto alert_server = Listener::open(io, {.address = "127.0.0.1:0"});
  ASSERT_TRUE(alert_server) << alert_server.error().to_string();
  std::optional<wire::Frame> asked;
  (*alert_server)
      ->start(
          [&](const std::shared_ptr<Connection>& connection, const wire::Frame& frame) {
            asked = frame;
            connection->send(
                wire::encode({Command::kAlertSendResponse, frame.opaque,
                              R"({"success":false,"resResults":[{"success":false,"message":"no SMTP"}]})"}));
          },
          [](Connection::Ending, const std::string&) {});

  support::WorkerProcess worker({.zookeeper = zookeeper.connect_string(),
                                 .flags = {"--plugin-dir", PORPOISE_BUILD "/tests/plugins", "--alert-server",
                                           "127.0.0.1:" + std::to_string((*alert_server)->port())}});
  ASSERT_EQ(worker.problem(), "");
  support::ScriptedMaster master(io);
  const Status connected = master.connect(worker.address());
  ASSERT_TRUE(connected) << connected.error().to_string() << "\n" << worker.log();

  master.dispatch(
      {.task_instance_id = 7, .params = R"({"do":"alert","title":"rows","content":"[{\"a\":1}]"})", .type = "FIXTURE"});
  ASSERT_NE(master.wait_for(Command::kTaskExecuteResult, 7), nullptr) << worker.log();
  ASSERT_TRUE(master.wait_until([&] { return asked.has_value(); })) << worker.log();
  EXPECT_EQ(asked->command, Command::kAlertSendRequest);
  EXPECT_EQ(asked->body, R"({"groupId":7,"title":"rows","content":"[{\"a\":1}]","warnType":1})");
  EXPECT_TRUE(master.wait_until([&] { return (*alert_server)->connections() == 0; }));
  EXPECT_TRUE(master.wait_until([&] { return worker.log().find("it could not: no SMTP") != std::string::npos; }))
      << worker.log();
}

// It was lost when the worker died between the task's end and the alert server's answer.
TEST(LoopbackAlert, IsSentAgainAfterARestartUntilItIsAnsweredOrItsTaskAcknowledged) {
  if (const std::string why = support::ZookeeperServer::missing(); !why.empty()) GTEST_SKIP() << why;
  support::ZookeeperServer zookeeper;
  ASSERT_EQ(zookeeper.problem(), "");

  boost::asio::io_context io;
  auto alert_server = Listener::open(io, {.address = "127.0.0.1:0"});
  ASSERT_TRUE(alert_server) << alert_server.error().to_string();
  int asked = 0;
  bool answers = false;
  (*alert_server)
      ->start(
          [&](const std::shared_ptr<Connection>& connection, const wire::Frame& frame) {
            ++asked;
            if (answers)
              connection->send(
                  wire::encode({Command::kAlertSendResponse, frame.opaque, R"({"success":true,"resResults":[]})"}));
          },
          [](Connection::Ending, const std::string&) {});
  support::WorkerProcess worker({.zookeeper = zookeeper.connect_string(),
                                 .flags = {"--plugin-dir", PORPOISE_BUILD "/tests/plugins", "--alert-server",
                                           "127.0.0.1:" + std::to_string((*alert_server)->port())}});
  ASSERT_EQ(worker.problem(), "");
  support::ScriptedMaster master(io);
  master.acknowledge = [](const support::WorkerMessage& message) {
    return message.command == Command::kTaskExecuteResult ? support::kNoAck : support::Ack();
  };
  ASSERT_TRUE(master.connect(worker.address())) << worker.log();
  master.dispatch(
      {.task_instance_id = 7, .params = R"({"do":"alert","title":"rows","content":"[]"})", .type = "FIXTURE"});
  ASSERT_NE(master.wait_for(Command::kTaskExecuteResult, 7), nullptr) << worker.log();
  ASSERT_TRUE(master.wait_until([&] { return asked == 1; }));
  worker.kill();

  answers = true;
  worker.start();
  EXPECT_TRUE(master.wait_until([&] { return asked == 2; })) << worker.log();
  EXPECT_TRUE(master.wait_until([&] { return std::filesystem::exists(worker.state_dir(7) / "alerted"); }));
  worker.kill();

  const auto results = [&] {
    return std::count_if(master.messages().begin(), master.messages().end(),
                         [](const auto& m) { return m.command == Command::kTaskExecuteResult; });
  };
  const auto before = results();
  worker.start();
  EXPECT_TRUE(master.wait_until([&] { return results() > before; })) << "the task is recovered once more";
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace porpoise
