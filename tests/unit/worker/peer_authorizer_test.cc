#include "worker/peer_authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/run_until.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using support::run_until;
using testing::ElementsAre;
using testing::IsEmpty;

class Gate : public testing::Test {
 protected:
  void make(const char* named = "none", GateLimits limits = {}) {
    gate = std::make_unique<PeerAuthorizer>(io, *AddressRanges::parse(named), limits);
  }
  void send(const char* peer, const std::string& message) {
    gate->ask(*parse_ip(peer),
              [this, message](const Status& may) { seen.push_back((may ? "" : "refused ") + message); });
  }
  // What has been answered by now.
  std::vector<std::string> now() {
    io.restart();
    io.poll();
    return seen;
  }

  boost::asio::io_context io;
  std::unique_ptr<PeerAuthorizer> gate;
  std::vector<std::string> seen;
};

TEST_F(Gate, LetsRegisteredMastersThrough) {
  make();
  gate->set_registered({"10.0.0.2:5678", "10.0.0.3:5678"});
  send("10.0.0.3", "a");
  send("::ffff:10.0.0.2", "b");
  EXPECT_THAT(now(), ElementsAre("a", "b"));
}

TEST_F(Gate, LetsNamedAddressesThrough) {
  make("192.168.0.0/16");
  send("192.168.3.4", "a");
  EXPECT_THAT(now(), ElementsAre("a"));
}

TEST_F(Gate, HoldsWhatAStrangerSendsUntilItIsRegisteredAndKeepsTheOrder) {
  make();
  gate->set_registered({"10.0.0.2:5678"});
  send("10.0.0.9", "dispatch");
  send("10.0.0.8", "other");
  send("10.0.0.9", "kill");
  EXPECT_THAT(now(), IsEmpty());
  gate->set_registered({"10.0.0.2:5678", "10.0.0.9:5678"});
  send("10.0.0.9", "late");
  EXPECT_THAT(now(), ElementsAre("dispatch", "kill", "late"));
}

TEST_F(Gate, RefusesAStrangerWhoDoesNotRegister) {
  make("none", {.patience = milliseconds(1)});
  send("10.0.0.9", "a");
  send("10.0.0.9", "b");
  ASSERT_TRUE(run_until(io, [&] { return seen.size() == 2; }));
  EXPECT_THAT(now(), ElementsAre("refused a", "refused b"));
}

TEST_F(Gate, LetsNoMoreWaitThanItsLimit) {
  make("none", {.max_waiting = 2});
  send("10.0.0.9", "first");
  send("10.0.0.8", "second");
  send("10.0.0.7", "third");
  EXPECT_THAT(now(), ElementsAre("refused third"));
  gate->set_registered({"10.0.0.9:1", "10.0.0.8:1"});
  send("10.0.0.7", "waits again");
  EXPECT_THAT(now(), ElementsAre("refused third", "first", "second"));
}

TEST_F(Gate, KnowsAMasterThatRegisteredByName) {
  make();
  gate->set_registered({"localhost:5678", "no such name:1", "name.invalid:5678"});
  send("127.0.0.1", "a");
  ASSERT_TRUE(run_until(io, [&] { return !seen.empty(); }));
  EXPECT_THAT(now(), ElementsAre("a"));
}

TEST_F(Gate, ForgetsAMasterThatIsGone) {
  make("none", {.patience = milliseconds(1)});
  gate->set_registered({"10.0.0.2:5678"});
  gate->set_registered({});
  send("10.0.0.2", "a");
  ASSERT_TRUE(run_until(io, [&] { return !seen.empty(); }));
  EXPECT_THAT(now(), ElementsAre("refused a"));
}

}  // namespace
}  // namespace porpoise
