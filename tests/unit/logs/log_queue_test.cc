// Large logs to peers that read slowly or not at all, over real connections.
#include "logs/log_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/listener.h"
#include "support/run_until.h"
#include "support/scripted_peers.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using support::run_until;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::Command;

constexpr std::size_t kLogBytes = 8U << 20U;
constexpr std::size_t kUnsentBytes = 16U << 20U;  // one answer, in base64, and no second

class LogQueueCase : public testing::Test, public LogEvents {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() / "20230420");
    std::ofstream(path()) << std::string(kLogBytes, 'x');
    auto root = LogRoot::open(folder_.path());
    ASSERT_TRUE(root) << root.error().to_string();
    logs_ = std::make_unique<LogThread>(io_, *std::move(root), profile_, *this);
    queue_ = std::make_shared<LogQueue>(io_, *logs_);
    ListenerOptions options;
    options.address = "127.0.0.1:0";
    options.limits.max_unsent_bytes = kUnsentBytes;
    auto listener = Listener::open(io_, options);
    ASSERT_TRUE(listener) << listener.error().to_string();
    listener_ = *std::move(listener);
    peers_.frame = [this](const std::shared_ptr<Connection>& connection, const wire::Frame& frame) {
      ++asked_;
      queue_->ask(connection, wire::GetLogBytes{path()}, frame.opaque);  // may close it
    };
    peers_.ended = [this](Connection::Ending, const std::string& text) { events_.push_back(text); };
    listener_->start(peers_);
    peer_.connect({asio::ip::make_address("127.0.0.1"), listener_->port()});
  }
  void TearDown() override { logs_.reset(); }

  std::string path() const { return folder_.path() / "20230420/7_1-2-3.log"; }

  void ask(int times) {
    std::string frames;
    for (int i = 1; i <= times; ++i) frames += wire::encode({Command::kGetLogBytesRequest, i, "{}"});
    asio::write(peer_, asio::buffer(frames));
  }

  // Whatever has come; the opaques of whole answers are put at the end of `got`.
  void read(wire::FrameDecoder& decoder, std::vector<std::int64_t>& got) {
    boost::system::error_code problem;
    std::string bytes(peer_.available(problem), '\0');
    if (bytes.empty()) return;
    bytes.resize(peer_.read_some(asio::buffer(bytes), problem));
    decoder.feed(bytes);
    for (auto frame = decoder.next(); frame && *frame; frame = decoder.next()) {
      EXPECT_GT((*frame)->body.size(), kLogBytes);
      got.push_back((*frame)->opaque);
    }
  }

  void on_log_problem(const Error& /*problem*/) override {}

  support::TempFolder folder_{"log-queue"};
  asio::io_context io_;
  const std::shared_ptr<const wire::Profile> profile_ = wire::profile_31(utc());
  std::unique_ptr<LogThread> logs_;
  std::shared_ptr<LogQueue> queue_;
  support::ScriptedPeers peers_;
  std::unique_ptr<Listener> listener_;
  tcp::socket peer_{io_};
  int asked_ = 0;
  std::vector<std::string> events_;
};

// A second answer while the first was not yet read was more than a connection may have unsent, and cut it.
TEST_F(LogQueueCase, APeerThatReadsGetsAllTheLargeLogsItAskedForAtOnce) {
  ask(4);
  ASSERT_TRUE(run_until(io_, [&] { return asked_ == 4; }));
  wire::FrameDecoder decoder({.max_body_bytes = 64U << 20U});
  std::vector<std::int64_t> got;
  EXPECT_TRUE(run_until(
      io_, [&] { return read(decoder, got), got.size() == 4; }, std::chrono::seconds(60)));
  EXPECT_THAT(got, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(LogQueueCase, APeerThatAsksOnWithoutReadingIsLetGoOf) {
  ask(10'000);
  EXPECT_TRUE(run_until(io_, [&] { return !events_.empty(); }));
  EXPECT_THAT(events_, ElementsAre(HasSubstr("it asks for logs and does not read them: ")));
  EXPECT_EQ(listener_->connections(), 0U);
}

TEST_F(LogQueueCase, APeerThatLeavesMeanwhileIsForgotten) {
  ask(3);
  ASSERT_TRUE(run_until(io_, [&] { return asked_ == 3; }));
  peer_.close();
  EXPECT_TRUE(run_until(io_, [&] { return listener_->connections() == 0; }));
  peer_ = tcp::socket(io_);
  peer_.connect({asio::ip::make_address("127.0.0.1"), listener_->port()});
  ask(1);
  wire::FrameDecoder decoder({.max_body_bytes = 64U << 20U});
  std::vector<std::int64_t> got;
  EXPECT_TRUE(run_until(
      io_, [&] { return read(decoder, got), got.size() == 1; }, std::chrono::seconds(60)));
}

// --- FairTurns: a peer with sixty connections had sixty times the turns of another one ---

using Pace = FairTurns::Pace;

IpBytes peer(std::uint8_t number) {
  IpBytes address{};
  address.back() = number;
  return address;
}

std::vector<std::uint64_t> all(FairTurns& turns) {
  std::vector<std::uint64_t> order;
  while (const auto next = turns.next([](const IpBytes&) { return true; })) order.push_back(*next);
  return order;
}

TEST(FairTurns, GoRoundAmongPeersFirst) {
  FairTurns turns;
  for (std::uint64_t connection = 1; connection <= 4; ++connection) turns.add(peer(1), connection, Pace::kLong);
  turns.add(peer(2), 11, Pace::kLong);
  turns.add(peer(3), 21, Pace::kLong);
  EXPECT_THAT(all(turns), ElementsAre(1, 11, 21, 2, 3, 4));
}

TEST(FairTurns, AreOftenOfWhatIsQuickAndNotAlways) {
  FairTurns turns;
  for (std::uint64_t connection = 1; connection <= 2; ++connection) turns.add(peer(1), connection, Pace::kLong);
  for (std::uint64_t connection = 11; connection <= 15; ++connection) turns.add(peer(2), connection, Pace::kQuick);
  EXPECT_THAT(all(turns), ElementsAre(11, 12, 13, 1, 14, 15, 2));
}

TEST(FairTurns, AreNotOfThoseThatMayNotAndOfThoseThatLeft) {
  FairTurns turns;
  turns.add(peer(1), 1, Pace::kQuick);
  turns.add(peer(2), 2, Pace::kLong);
  turns.add(peer(2), 3, Pace::kLong);
  turns.remove(2);
  EXPECT_EQ(turns.next([](const IpBytes& address) { return address == peer(2); }), 3U);
  EXPECT_EQ(turns.next([](const IpBytes& address) { return address == peer(2); }), std::nullopt);
  EXPECT_THAT(all(turns), ElementsAre(1));
}

}  // namespace
}  // namespace porpoise
