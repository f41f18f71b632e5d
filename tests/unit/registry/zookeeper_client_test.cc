// The edge to the ZooKeeper C client, against a real server.
#include "registry/zookeeper_client.h"

#include "unit/registry/zookeeper_case.h"

namespace porpoise {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

class ZookeeperClientTest : public ZookeeperCase {
 protected:
  template <typename T>
  using Answer = std::optional<Result<T>>;
};

TEST_F(ZookeeperClientTest, NodesAreMadeOnceReadWrittenAndRemoved) {
  Observer client(io, server->connect_string());
  ASSERT_TRUE(client.connect());
  EXPECT_FALSE(client.get("/a"));
  EXPECT_EQ(client.create("/a", "one", NodeMode::kPersistent), true);
  EXPECT_EQ(client.create("/a", "two", NodeMode::kPersistent), false);
  const auto node = client.get("/a");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->data, "one");
  EXPECT_EQ(node->ephemeral_owner, 0);
  EXPECT_EQ(node->created_zxid, node->modified_zxid);
  EXPECT_EQ(client.set("/a", "three").value_or(-9), 1);
  EXPECT_EQ(client.get("/a").value_or(ZookeeperNode{}).data, "three");
  EXPECT_EQ(client.remove("/a"), true);
  EXPECT_EQ(client.remove("/a"), true);
  EXPECT_EQ(client.set("/a", "four").value_or(-9), std::nullopt);
}

TEST_F(ZookeeperClientTest, WritingAndRemovingRespectVersions) {
  Observer client(io, server->connect_string());
  ASSERT_TRUE(client.connect());
  ASSERT_TRUE(client.create("/a", "", NodeMode::kEphemeral));
  Answer<std::optional<std::int32_t>> set;
  Answer<bool> removed;
  client.client->handle()->set("/a", "x", 7, [&](auto result) { set = result; });
  client.client->handle()->remove("/a", 7, [&](auto result) { removed = result; });
  ASSERT_TRUE(run_until(io, [&] { return set && removed; }));
  EXPECT_EQ(set->value_or(-9), std::nullopt);
  EXPECT_EQ(*removed, false);
  EXPECT_EQ(client.get("/a").value_or(ZookeeperNode{}).ephemeral_owner, client.session.id);
}

TEST_F(ZookeeperClientTest, ErrorsNameTheNodeAndTheReason) {
  Observer client(io, server->connect_string());
  ASSERT_TRUE(client.connect());
  const auto orphan = client.create("/no/parent", "", NodeMode::kPersistent);
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(orphan.error().message(), "cannot create /no/parent: no node");
  const auto invalid = client.create("no-slash", "", NodeMode::kPersistent);
  ASSERT_FALSE(invalid);
  EXPECT_EQ(invalid.error().code(), ErrorCode::kInvalid);
  EXPECT_FALSE(client.create("/big", std::string(2U << 20U, 'x'), NodeMode::kPersistent));
  EXPECT_EQ(client.disconnects, 0);
}

TEST_F(ZookeeperClientTest, BinaryDataComesBackAsItWas) {
  Observer client(io, server->connect_string());
  ASSERT_TRUE(client.connect());
  const std::string data("a\0\xff\n", 4);
  ASSERT_TRUE(client.create("/a", data, NodeMode::kPersistent));
  EXPECT_EQ(client.get("/a").value_or(ZookeeperNode{}).data, data);
}

TEST_F(ZookeeperClientTest, WatchesTellOfOneChange) {
  Observer client(io, server->connect_string());
  Observer other(io, server->connect_string());
  ASSERT_TRUE(client.connect() && other.connect());
  ASSERT_TRUE(other.create("/a", "", NodeMode::kPersistent));
  ASSERT_TRUE(client.get("/a", true));
  Answer<std::vector<std::string>> children;
  client.client->handle()->children("/", true, [&](auto result) { children = result; });
  ASSERT_TRUE(run_until(io, [&] { return children.has_value(); }));
  EXPECT_THAT(children->value_or(std::vector<std::string>{}), UnorderedElementsAre("a", "zookeeper"));
  ASSERT_TRUE(other.set("/a", "x"));
  ASSERT_TRUE(other.set("/a", "y"));
  ASSERT_TRUE(other.create("/b", "", NodeMode::kPersistent));
  ASSERT_TRUE(run_until(io, [&] { return client.changes.size() >= 2; }));
  EXPECT_THAT(client.changes, ElementsAre("/a", "/"));
}

TEST_F(ZookeeperClientTest, CloseEndsTheSessionAndDestructionDoesNot) {
  Observer watcher(io, server->connect_string());
  auto closed = std::make_unique<Observer>(io, server->connect_string());
  auto dropped = std::make_unique<Observer>(io, server->connect_string());
  ASSERT_TRUE(watcher.connect() && closed->connect() && dropped->connect());
  ASSERT_TRUE(closed->create("/closed", "", NodeMode::kEphemeral));
  ASSERT_TRUE(dropped->create("/dropped", "", NodeMode::kEphemeral));
  const ZookeeperSession session = dropped->session;
  closed->client->close();
  dropped.reset();
  EXPECT_FALSE(watcher.get("/closed"));
  EXPECT_TRUE(watcher.get("/dropped"));
  Observer heir(io, server->connect_string(), session);
  ASSERT_TRUE(heir.connect());
  EXPECT_EQ(heir.session.id, session.id);
}

// However far the connection is: it must not be the end of the session that is being taken over.
TEST_F(ZookeeperClientTest, DestructionWhileConnectingNeverEndsTheSession) {
  auto first = std::make_unique<Observer>(io, server->connect_string());
  ASSERT_TRUE(first->connect());
  ASSERT_TRUE(first->create("/kept", "", NodeMode::kEphemeral));
  const ZookeeperSession session = first->session;
  first.reset();
  for (int i = 0; i < 40; ++i) {
    Observer heir(io, server->connect_string(), session);
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(150 * i);
    while (std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(std::chrono::microseconds(50));
    }
  }
  Observer heir(io, server->connect_string(), session);
  ASSERT_TRUE(heir.connect());
  EXPECT_EQ(heir.session.id, session.id);
  EXPECT_TRUE(heir.get("/kept"));
}

TEST_F(ZookeeperClientTest, TellsThatASessionHasEnded) {
  auto first = std::make_unique<Observer>(io, server->connect_string());
  ASSERT_TRUE(first->connect());
  const ZookeeperSession session = first->session;
  first->client->close();
  Observer late(io, server->connect_string(), session);
  EXPECT_TRUE(run_until(io, [&] { return late.expired; }));
  EXPECT_EQ(late.client->handle(), nullptr);
}

TEST_F(ZookeeperClientTest, AnswersAreForgottenWithTheClient) {
  auto client = std::make_unique<Observer>(io, server->connect_string());
  ASSERT_TRUE(client->connect());
  bool called = false;
  client->client->handle()->get("/", false, [&](const auto&) { called = true; });
  client.reset();
  Observer other(io, server->connect_string());
  ASSERT_TRUE(other.connect());
  ASSERT_TRUE(other.get("/"));
  EXPECT_FALSE(called);
}

TEST_F(ZookeeperClientTest, CallsAreAnsweredWithAnErrorWhenTheServerIsLost) {
  Observer client(io, server->connect_string());
  ASSERT_TRUE(client.connect());
  server->pause();
  Answer<std::optional<ZookeeperNode>> answer;
  client.client->handle()->get("/", false, [&](auto result) { answer = std::move(result); });
  server->kill();
  ASSERT_TRUE(run_until(io, [&] { return answer.has_value(); }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code(), ErrorCode::kUnavailable);
}

// Its queue of connections is never served: connected, but silent.
TEST_F(ZookeeperClientTest, LeavesAServerThatHangsForAnother) {
  support::ZookeeperServer hanging;
  ASSERT_EQ(hanging.problem(), "");
  hanging.pause();
  for (int i = 0; i < 4; ++i) {
    Observer client(io, hanging.connect_string() + "," + server->connect_string());
    EXPECT_TRUE(client.connect()) << i;
  }
}

TEST_F(ZookeeperClientTest, SaysWhyItCannotReconnect) {
  Observer client(io, server->connect_string());
  ASSERT_TRUE(client.connect());
  server->kill();
  const std::string address = server->connect_string();
  const std::string expected = "cannot reach ZooKeeper at " + address + ": " + address + ": Connection refused";
  EXPECT_TRUE(run_until(io, [&] { return std::count(client.failures.begin(), client.failures.end(), expected) > 0; }))
      << testing::PrintToString(client.failures);
  EXPECT_EQ(client.disconnects, 1);
  EXPECT_EQ(client.client->handle(), nullptr);
}

}  // namespace
}  // namespace porpoise
