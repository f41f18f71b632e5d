#include "net/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <set>
#include <thread>

#include "net/listener.h"
#include "net/master_links.h"
#include "support/run_until.h"
#include "support/scripted_peers.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using support::run_until;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using wire::Command;
using wire::Frame;

class Net : public testing::Test {
 protected:
  void listen(ListenerOptions options = {}) {
    options.address = "127.0.0.1:0";
    auto opened = Listener::open(io, options);
    ASSERT_TRUE(opened) << opened.error().to_string();
    listener = *std::move(opened);
    script.frame = [this](const std::shared_ptr<Connection>& connection, const Frame& frame) {
      frames.push_back(frame);
      connection->send(wire::encode({Command::kPong, frame.opaque, "answer"}));
    };
    script.ended = [this](Connection::Ending ending, const std::string& text) {
      endings.push_back(ending);
      events.push_back(text);
    };
    listener->start(script);
  }
  tcp::socket connect(const char* from = "127.0.0.1") {
    tcp::socket socket(io);
    socket.open(tcp::v4());
    socket.bind({asio::ip::make_address(from), 0});
    socket.connect({asio::ip::make_address("127.0.0.1"), listener->port()});
    return socket;
  }
  void settle() {  // until all that has come was taken
    io.restart();
    while (io.poll() > 0) continue;
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(listener->port()); }

  asio::io_context io;
  support::ScriptedPeers script;
  std::unique_ptr<Listener> listener;
  std::vector<Frame> frames;
  std::vector<std::string> events;
  std::vector<Connection::Ending> endings;
};

TEST_F(Net, AnswersOnTheConnectionTheFrameCameOn) {
  listen();
  tcp::socket peer = connect();
  asio::write(peer, asio::buffer(wire::encode({Command::kPing, 42, ""})));
  ASSERT_TRUE(run_until(io, [&] { return peer.available() > 0; }));
  std::string bytes(peer.available(), '\0');
  peer.read_some(asio::buffer(bytes));
  wire::FrameDecoder decoder;
  decoder.feed(bytes);
  const auto answer = decoder.next();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->opaque, 42);
  EXPECT_EQ((*answer)->body, "answer");
}

TEST_F(Net, ClosesAConnectionThatSendsNoFrames) {
  listen();
  tcp::socket peer = connect();
  asio::write(peer, asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events[0], HasSubstr("closed the connection from 127.0.0.1"));
  EXPECT_THAT(endings, ElementsAre(Connection::Ending::kMalformed));
  EXPECT_EQ(listener->connections(), 0U);
  EXPECT_THAT(frames, IsEmpty());
}

TEST_F(Net, ClosesAConnectionWhoseFrameIsNotWholeInTime) {
  ListenerOptions options;
  options.limits.frame_deadline = std::chrono::milliseconds(1);
  listen(options);
  tcp::socket peer = connect();
  asio::write(peer, asio::buffer(wire::encode({Command::kPing, 42, "x"}).substr(0, 5)));
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events[0], HasSubstr("not complete in time"));
  EXPECT_THAT(endings, ElementsAre(Connection::Ending::kDeadline));
}

// Strangers that said nothing held places for three minutes.
TEST_F(Net, ClosesAConnectionThatHasNeverSentAFrameAndKeepsTheOthers) {
  ListenerOptions options;
  options.limits.first_frame_limit = std::chrono::milliseconds(100);
  listen(options);
  const tcp::socket silent = connect();
  tcp::socket peer = connect();
  asio::write(peer, asio::buffer(wire::encode({Command::kHeartBeat, 1, "heart_beat"})));
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events, ElementsAre(HasSubstr("it has not sent a frame in time")));
  tcp::socket late = connect();  // closed one look later, and the one that has spoken outlives that
  ASSERT_TRUE(run_until(io, [&] { return events.size() > 1; }));
  EXPECT_EQ(listener->connections(), 1U);
  asio::write(peer, asio::buffer(wire::encode({Command::kPing, 2, ""})));
  EXPECT_TRUE(run_until(io, [&] { return frames.size() == 2; }));
}

TEST_F(Net, GivesTheNewestTheIdlestStrangersPlaceWhenThereAreTooMany) {
  ListenerOptions options;
  options.places.most = 1;
  listen(options);
  const tcp::socket first = connect();
  ASSERT_TRUE(run_until(io, [&] { return listener->connections() == 1; }));
  const tcp::socket second = connect("127.0.0.2");
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events[0], HasSubstr("closed the connection from 127.0.0.1"));
  EXPECT_THAT(events[0], HasSubstr("there are too many"));
  EXPECT_EQ(listener->connections(), 1U);
}

TEST_F(Net, RefusesAConnectionWhenOnlyMastersHavePlaces) {
  script.head = [](const std::shared_ptr<Connection>& connection, const wire::FrameHead&) {
    connection->trust();
    return std::optional(wire::FrameLimits{});
  };
  ListenerOptions options;
  options.places.most = 1;
  listen(options);
  tcp::socket master = connect();
  asio::write(master, asio::buffer(wire::encode({Command::kPing, 1, ""})));
  ASSERT_TRUE(run_until(io, [&] { return frames.size() == 1; }));
  const tcp::socket other = connect("127.0.0.2");
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events[0], HasSubstr("refused a connection from 127.0.0.2: there are too many"));
}

TEST_F(Net, KeepsNoMoreConnectionsOfOnePeerThanItMayHave) {
  ListenerOptions options;
  options.places.most_of_a_peer = 1;
  listen(options);
  const tcp::socket first = connect();
  ASSERT_TRUE(run_until(io, [&] { return listener->connections() == 1; }));
  const tcp::socket second = connect();
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_EQ(listener->connections(), 1U);
  const tcp::socket stranger = connect("127.0.0.2");
  EXPECT_TRUE(run_until(io, [&] { return listener->connections() == 2; }));
}

// What a stranger claimed to send was held until it was known that he may not say it.
TEST_F(Net, ReadsNoMoreOfAFrameThatIsHeldBackThanItsHead) {
  std::shared_ptr<Connection> held_back;
  script.head = [&](const std::shared_ptr<Connection>& connection, const wire::FrameHead& head) {
    EXPECT_EQ(head.command, Command::kTaskDispatchRequest);
    EXPECT_EQ(head.opaque, 7);
    held_back = connection;
    return std::optional<wire::FrameLimits>();
  };
  listen();
  tcp::socket peer = connect();
  peer.non_blocking(true);
  const std::string whole = wire::encode({Command::kTaskDispatchRequest, 7, std::string(1U << 20U, 'x')});
  std::size_t sent = 0;
  const auto send = [&] {
    boost::system::error_code full;
    sent += peer.write_some(asio::buffer(whole.data() + sent, whole.size() - sent), full);
  };
  send();
  ASSERT_TRUE(run_until(io, [&] { return held_back != nullptr; }));
  for (int i = 0; i < 50; ++i) {
    send();
    settle();
  }
  EXPECT_LE(held_back->held_bytes(), 16U << 10U) << "what came with the head";
  EXPECT_THAT(frames, IsEmpty());
  held_back->go_on({});
  EXPECT_TRUE(run_until(io, [&] {
    if (sent < whole.size()) send();
    return frames.size() == 1;
  }));
  held_back.reset();
}

TEST_F(Net, ClosesAStrangersFrameThatIsLargerThanStrangersMaySend) {
  script.head = [](const auto&, const wire::FrameHead&) { return std::optional(wire::FrameLimits{64, 100}); };
  listen();
  tcp::socket peer = connect();
  asio::write(peer, asio::buffer(wire::encode({Command::kPing, 1, std::string(101, 'x')}).substr(0, 40)));
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events[0], HasSubstr("above the limit of 100"));
}

TEST_F(Net, ClosesStrangersBeforeAMasterWhenTheyHoldTooMuch) {
  script.head = [](const std::shared_ptr<Connection>& connection, const wire::FrameHead&) {
    if (connection->peer().starts_with("127.0.0.1:")) connection->trust();
    return std::optional(wire::FrameLimits{});
  };
  ListenerOptions options;
  options.limits.budget = std::make_shared<ByteBudget>(ByteBudget{.most = 1000});
  listen(options);
  tcp::socket master = connect(), stranger = connect("127.0.0.2");
  const std::string frame = wire::encode({Command::kTaskDispatchRequest, 1, std::string(900, 'x')});
  asio::write(stranger, asio::buffer(frame.substr(0, 600)));
  ASSERT_TRUE(run_until(io, [&] { return options.limits.budget->held == 600; }));
  asio::write(master, asio::buffer(frame.substr(0, 600)));
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events[0], HasSubstr("closed the connection from 127.0.0.2"));
  asio::write(master, asio::buffer(frame.substr(600)));
  EXPECT_TRUE(run_until(io, [&] { return frames.size() == 1; }));
}

TEST_F(Net, LeavesDescriptorsToTheRestOfTheProcess) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  listen();
  ::setrlimit(RLIMIT_NOFILE, &before);  // of the peers, which are in this process, too
  std::vector<tcp::socket> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(connect());
  EXPECT_TRUE(run_until(io, [&] { return events.size() == 4; })) << "a quarter is one peer's";
  EXPECT_EQ(listener->connections(), 16U);
}

TEST_F(Net, HoldsNoMoreOfAllPeersTogetherThanItsBudget) {
  ListenerOptions options;
  options.limits.budget = std::make_shared<ByteBudget>(ByteBudget{.most = 1000});
  listen(options);
  const std::string most_of_a_frame = wire::encode({Command::kPing, 1, std::string(700, 'x')}).substr(0, 600);
  tcp::socket first = connect(), second = connect();
  asio::write(first, asio::buffer(most_of_a_frame));
  ASSERT_TRUE(run_until(io, [&] { return options.limits.budget->held == 600; }));
  asio::write(second, asio::buffer(most_of_a_frame));
  ASSERT_TRUE(run_until(io, [&] { return !events.empty(); }));
  EXPECT_THAT(events[0], HasSubstr("more than can be held"));
  EXPECT_EQ(options.limits.budget->held, 600U) << "what the closed one held is free again";
  first.close();
  second.close();
  EXPECT_TRUE(run_until(io, [&] { return options.limits.budget->held == 0; }));
}

TEST_F(Net, WaitsForAPortThatAKilledWorkerLeavesInAMoment) {
  tcp::acceptor earlier(io, {asio::ip::make_address("127.0.0.1"), 0});
  ListenerOptions options;
  options.address = "127.0.0.1:" + std::to_string(earlier.local_endpoint().port());
  std::thread leaves([&] {
    ::poll(nullptr, 0, 50);
    earlier.close();
  });
  const auto opened = Listener::open(io, options);
  leaves.join();
  EXPECT_TRUE(opened) << opened.error().to_string();
}

TEST_F(Net, LetsGoOfAPeerThatDoesNotRead) {
  ListenerOptions options;
  options.limits.max_unsent_bytes = 100;
  listen(options);
  tcp::socket peer = connect();
  ASSERT_TRUE(run_until(io, [&] { return listener->connections() == 1; }));
  EXPECT_FALSE(listener->find(1)->send(std::string(101, 'x')));
  EXPECT_EQ(listener->connections(), 0U);
}

TEST_F(Net, APortThatIsTakenIsAnErrorThatNamesIt) {
  listen();
  ListenerOptions options;
  options.address = address();
  const auto second = Listener::open(io, options);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().to_string(), HasSubstr("cannot listen on " + address()));
}

class Links : public Net, public MasterLinkEvents {
 protected:
  void on_frame(const std::string& master, const Frame& frame) override {
    answers.push_back(master + " " + frame.body);
  }
  void on_not_sent(const wire::MessageKey& key, const std::string& why) override {
    not_sent.push_back(std::to_string(key.task_instance_id) + " " + why);
  }
  void on_link(const std::string& text) override { events.push_back(text); }
  bool still_due(const wire::MessageKey& key, const std::string& master) override {
    EXPECT_EQ(master, address());
    return !not_due.contains(key);
  }
  std::string heartbeat() override { return wire::encode({Command::kHeartBeat, 0, "heart_beat"}); }

  MasterLinks make(LinkOptions options = {}) { return MasterLinks(io, options, *this); }
  static wire::MessageKey result_of(std::int64_t id) { return {id, wire::MessageKind::kResult}; }

  std::vector<std::string> answers;
  std::vector<std::string> not_sent;
  std::set<wire::MessageKey> not_due;
};

TEST_F(Links, SendsOverOneConnectionAndHearsTheAnswers) {
  listen();
  MasterLinks links = make();
  for (int i = 0; i < 3; ++i) links.send(address(), wire::encode({Command::kPing, i, ""}), result_of(i));
  ASSERT_TRUE(run_until(io, [&] { return answers.size() == 3; }));
  EXPECT_EQ(listener->connections(), 1U);
  EXPECT_EQ(answers[0], address() + " answer");
  EXPECT_THAT(not_sent, IsEmpty());
}

TEST_F(Links, HandsBackWhatAnUnreachableMasterDidNotGetAndSaysItOnce) {
  listen();
  const std::string gone = address();
  listener.reset();
  MasterLinks links = make();
  for (int i = 0; i < 2; ++i) {
    links.send(gone, "x", result_of(i));
    ASSERT_TRUE(run_until(io, [&] { return not_sent.size() == static_cast<std::size_t>(i) + 1; }));
    EXPECT_THAT(not_sent.back(), StartsWith(std::to_string(i) + " "));
  }
  EXPECT_EQ(events.size(), 1U);
  EXPECT_THAT(events[0], HasSubstr("no connection to master " + gone));
}

// RUNNING waited for the connection to a master that another one had replaced meanwhile.
TEST_F(Links, DropsWhatIsNotDueAnyMoreWhenTheConnectionIsThere) {
  listen();
  MasterLinks links = make();
  links.send(address(), wire::encode({Command::kPing, 1, "late"}), result_of(1));
  links.send(address(), wire::encode({Command::kPing, 2, ""}), result_of(2));
  not_due.insert(result_of(1));
  ASSERT_TRUE(run_until(io, [&] { return answers.size() == 1; }));
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].opaque, 2);
  EXPECT_THAT(not_sent, testing::IsEmpty());
}

TEST_F(Links, HandsBackAMessageForAnAddressThatIsNone) {
  MasterLinks links = make();
  links.send("nonsense", "x", result_of(7));
  ASSERT_TRUE(run_until(io, [&] { return !not_sent.empty(); }));
  EXPECT_THAT(not_sent, ElementsAre(HasSubstr("\"nonsense\" is not HOST:PORT")));
}

TEST_F(Links, BeatsWhenTheMasterIsSilent) {
  listen();
  MasterLinks links = make({.heartbeat_after = std::chrono::milliseconds(1)});
  links.send(address(), wire::encode({Command::kPing, 1, ""}), {});
  ASSERT_TRUE(run_until(io, [&] { return frames.size() >= 2; }));
  EXPECT_EQ(frames.back().command, Command::kHeartBeat);
}

}  // namespace
}  // namespace porpoise
