#include "net/alert_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "net/listener.h"
#include "support/run_until.h"
#include "support/scripted_peers.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::Command;
using wire::Frame;

constexpr const char* kSent = R"({"success":true,"resResults":[{"success":true,"message":"sent"}]})";

// An alert server that says what it is told to.
class Alerts : public testing::Test, public AlertEvents {
 protected:
  void on_answer(std::int64_t task_instance_id) override { answered.push_back(task_instance_id); }
  void on_problem(const std::string& text) override { problems.push_back(text); }

  void SetUp() override {
    ListenerOptions options;
    options.address = "127.0.0.1:0";
    auto opened = Listener::open(io, options);
    ASSERT_TRUE(opened) << opened.error().to_string();
    server = *std::move(opened);
    peers.frame = [this](const std::shared_ptr<Connection>& connection, const Frame& frame) {
      asked.push_back(frame);
      if (answer) answer(*connection, frame);
    };
    server->start(peers);
  }
  AlertOptions options() const { return {.server = "127.0.0.1:" + std::to_string(server->port())}; }
  std::unique_ptr<AlertSender> sender(const AlertOptions& with) {
    return std::make_unique<AlertSender>(io, with, *profile, *this);
  }
  void answer_with(const std::string& body) {
    answer = [body](Connection& connection, const Frame& frame) {
      connection.send(wire::encode({Command::kAlertSendResponse, frame.opaque, body}));
    };
  }
  bool wait_until(const std::function<bool()>& done) { return support::run_until(io, done, std::chrono::seconds(20)); }

  const wire::Alert alert{.group_id = 7, .title = "rows", .content = "[]", .warn_type = 1};
  asio::io_context io;
  const std::unique_ptr<wire::Profile> profile = wire::profile_31(utc());
  support::ScriptedPeers peers;
  std::unique_ptr<Listener> server;
  std::function<void(Connection&, const Frame&)> answer;
  std::vector<Frame> asked;
  std::vector<std::int64_t> answered;
  std::vector<std::string> problems;
};

TEST_F(Alerts, AreSentOnAConnectionThatEndsWithTheAnswer) {
  answer_with(kSent);
  const auto alerts = sender(options());
  alerts->send(5, alert);
  EXPECT_EQ(alerts->connections(), 1U);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].command, Command::kAlertSendRequest);
  EXPECT_EQ(asked[0].body, R"({"groupId":7,"title":"rows","content":"[]","warnType":1})");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_TRUE(wait_until([&] { return server->connections() == 0; }));
}

TEST_F(Alerts, AreKnownToBeAnsweredWhateverTheAnswerAndOnlyThen) {
  answer_with(R"({"success":false,"resResults":[{"success":false,"message":"no SMTP"}]})");
  const auto alerts = sender(options());
  alerts->send(5, alert);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  EXPECT_THAT(answered, ElementsAre(5));
  answer = [](Connection& connection, const Frame&) { connection.close(""); };
  alerts->send(6, alert);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  EXPECT_THAT(answered, ElementsAre(5));
}

TEST_F(Alerts, ThatTheServerCouldNotSendAreSaidInItsWords) {
  answer_with(
      R"({"success":false,"resResults":[{"success":true,"message":"a"},{"success":false,"message":"no SMTP"}]})");
  const auto alerts = sender(options());
  alerts->send(5, alert);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  EXPECT_THAT(problems, ElementsAre("alert \"rows\" was not sent by the alert server at " + options().server +
                                    " (alert-server): it could not: no SMTP"));
}

TEST_F(Alerts, TakeNoAnswerThatIsToAnotherQuestion) {
  answer = [](Connection& connection, const Frame& frame) {
    connection.send(wire::encode({Command::kAlertSendResponse, frame.opaque + 1, R"({"success":false})"}));
    connection.send(wire::encode({Command::kAlertSendResponse, frame.opaque, kSent}));
  };
  const auto alerts = sender(options());
  alerts->send(5, alert);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(Alerts, AreGivenUpWhenTheServerIsSilent) {
  AlertOptions soon = options();
  soon.limit = std::chrono::milliseconds(50);
  const auto alerts = sender(soon);
  alerts->send(5, alert);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("it has not answered in time")));
}

TEST_F(Alerts, AreGivenUpWhenThereIsNoServer) {
  const AlertOptions gone = options();
  server.reset();
  const auto alerts = sender(gone);
  alerts->send(5, alert);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("Connection refused")));
}

TEST_F(Alerts, ThatFailToEndTheConnectionProperlyAreSaid) {
  answer = [](Connection& connection, const Frame&) { connection.close("enough"); };
  const auto alerts = sender(options());
  alerts->send(5, alert);
  ASSERT_TRUE(wait_until([&] { return alerts->connections() == 0; }));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("without an answer")));
}

TEST_F(Alerts, AreDroppedWhenTooManyWait) {
  AlertOptions one = options();
  one.max_at_once = 1;
  const auto alerts = sender(one);
  alerts->send(5, alert);
  alerts->send(5, alert);
  EXPECT_EQ(alerts->connections(), 1U);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("is dropped: 1 others wait")));
}

TEST_F(Alerts, AreForgottenWithTheirSender) {
  auto alerts = sender(options());
  alerts->send(5, alert);
  ASSERT_TRUE(wait_until([&] { return !asked.empty(); }));
  alerts.reset();
  EXPECT_TRUE(wait_until([&] { return server->connections() == 0; }));
  EXPECT_THAT(problems, IsEmpty());
}

}  // namespace
}  // namespace porpoise
