// A worker's node in a real ZooKeeper, as masters see it.
#include "registry/registration.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "registry/node_claim.h"
#include "unit/registry/zookeeper_case.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RegistrationTest : public ZookeeperCase {
 protected:
  std::int64_t startup_time_in_node(Observer& observer) {
    const auto node = observer.get(kNode);
    if (!node) return -1;
    const auto heartbeat = parse_json(node->data);
    return heartbeat ? integer_or(*heartbeat, "startupTime", -1) : -1;
  }
  bool node_goes(Observer& observer) {
    return run_until(io, [&] { return !observer.get(kNode); });
  }
  // Ends the session of the worker behind its back.
  void end_session() {
    const auto saved = load_session(options().session_file);
    ASSERT_TRUE(saved && *saved);
    ASSERT_TRUE(server->end_session((*saved)->session.id, (*saved)->session.password));
  }
};

TEST_F(RegistrationTest, MakesTheNodeThatMastersLookFor) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  const auto node = observer.get(kNode);
  ASSERT_TRUE(node);
  EXPECT_NE(node->ephemeral_owner, 0);
  EXPECT_NE(node->ephemeral_owner, observer.session.id);
  EXPECT_EQ(startup_time_in_node(observer), 1000);
  for (const char* parent : {"/dolphinscheduler", "/dolphinscheduler/nodes", "/dolphinscheduler/nodes/worker",
                             "/dolphinscheduler/nodes/master"}) {
    const auto found = observer.get(parent);
    ASSERT_TRUE(found) << parent;
    EXPECT_EQ(found->ephemeral_owner, 0) << parent;
    EXPECT_EQ(found->data, "") << parent;
  }
}

TEST_F(RegistrationTest, LeavesTheDataOfParentsAlone) {
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  observer.make_parents();
  ASSERT_TRUE(observer.set("/dolphinscheduler/nodes/worker", "kept"));
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  const auto parent = observer.get("/dolphinscheduler/nodes/worker");
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->data, "kept");
  EXPECT_EQ(parent->version, 1);
}

TEST_F(RegistrationTest, WritesHeartbeatsByItselfAndWhenAsked) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  const std::int32_t version = observer.get(kNode).value_or(ZookeeperNode{}).version;
  EXPECT_TRUE(run_until(io, [&] { return observer.get(kNode).value_or(ZookeeperNode{}).version > version + 3; }));

  RegistrationOptions rare = options();
  rare.address = "10.0.0.2:1234";
  rare.session_file = folder / "other.json";
  rare.heartbeat_interval = std::chrono::hours(1);
  TestWorker other(io, rare);
  ASSERT_TRUE(other.sees("registered 1000"));
  const std::string path = "/dolphinscheduler/nodes/worker/10.0.0.2:1234";
  other.registration->refresh();
  other.registration->refresh();
  EXPECT_TRUE(run_until(io, [&] { return observer.get(path).value_or(ZookeeperNode{}).version == 2; }));
}

TEST_F(RegistrationTest, CloseRemovesTheNodeAtOnce) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  worker.registration->close();
  EXPECT_FALSE(observer.get(kNode));
  EXPECT_FALSE(std::filesystem::exists(options().session_file));
}

TEST_F(RegistrationTest, DestructionLeavesTheNodeForTheNextProcess) {
  auto first = std::make_unique<TestWorker>(io, options(1000));
  ASSERT_TRUE(first->sees("registered 1000"));
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  const auto before = observer.get(kNode, true);
  ASSERT_TRUE(before);
  first.reset();
  TestWorker second(io, options(2000));
  ASSERT_TRUE(second.sees("resumed 1000"));
  const auto after = observer.get(kNode);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->created_zxid, before->created_zxid);
  EXPECT_EQ(after->ephemeral_owner, before->ephemeral_owner);
  EXPECT_EQ(startup_time_in_node(observer), 1000);
}

// The process before dies as it does by SIGKILL: no thread of it runs on, nothing is said to the server.
TEST_F(RegistrationTest, IsTakenOverFromAKilledProcess) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    TestWorker worker(io, options(1000));
    if (worker.sees("registered 1000") && ::write(pipe_ends[1], "y", 1) == 1) io.run_for(seconds(60));
    ::_exit(1);
  }
  ::close(pipe_ends[1]);
  char said = 0;
  EXPECT_EQ(::read(pipe_ends[0], &said, 1), 1);
  ::close(pipe_ends[0]);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);

  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  const auto before = observer.get(kNode);
  ASSERT_TRUE(before);
  TestWorker worker(io, options(2000));
  ASSERT_TRUE(worker.sees("resumed 1000"));
  const auto after = observer.get(kNode);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->created_zxid, before->created_zxid);
  EXPECT_THAT(worker.events, Not(testing::Contains("expired")));
}

// Until the tasks of an earlier session are dead, a restart must not find this one.
TEST_F(RegistrationTest, IsSavedForALaterProcessOnlyWhenItMayBe) {
  RegistrationOptions careful = options();
  careful.takeover_allowed = false;
  TestWorker worker(io, careful);
  ASSERT_TRUE(worker.sees("registered 1000"));
  EXPECT_FALSE(std::filesystem::exists(careful.session_file));
  worker.registration->allow_takeover(true);
  EXPECT_TRUE(std::filesystem::exists(careful.session_file));
  worker.registration->allow_takeover(false);
  EXPECT_FALSE(std::filesystem::exists(careful.session_file));
}

TEST_F(RegistrationTest, IsNewWhenTheSavedSessionHasExpired) {
  std::make_unique<TestWorker>(io, options(1000))->sees("registered 1000");
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  ASSERT_TRUE(node_goes(observer));
  TestWorker second(io, options(2000));
  ASSERT_TRUE(second.sees("registered 2000"));
  EXPECT_EQ(startup_time_in_node(observer), 2000);
  EXPECT_THAT(second.events, Not(testing::Contains("expired")));
}

// Of a resumed session whose node somebody removed, masters have already given the tasks away.
TEST_F(RegistrationTest, IsNewWhenTheSavedSessionHasNoNode) {
  std::make_unique<TestWorker>(io, options(1000))->sees("registered 1000");
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  ASSERT_TRUE(observer.remove(kNode));
  TestWorker second(io, options(2000));
  ASSERT_TRUE(second.sees("registered 2000"));
  EXPECT_EQ(startup_time_in_node(observer), 2000);
}

TEST_F(RegistrationTest, AfterARebootTheOldSessionIsEndedAtOnce) {
  std::make_unique<TestWorker>(io, options(1000))->sees("registered 1000");
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  const auto before = observer.get(kNode);
  ASSERT_TRUE(before);
  RegistrationOptions rebooted = options(2000);
  rebooted.boot_id = "another boot";
  rebooted.rival_wait = seconds(60);
  TestWorker second(io, rebooted);
  ASSERT_TRUE(second.sees("registered 2000"));
  EXPECT_NE(observer.get(kNode).value_or(ZookeeperNode{}).ephemeral_owner, before->ephemeral_owner);
  EXPECT_EQ(startup_time_in_node(observer), 2000);
}

TEST_F(RegistrationTest, OfAnotherAddressEndsTheOldSession) {
  std::make_unique<TestWorker>(io, options(1000))->sees("registered 1000");
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  RegistrationOptions moved = options(2000);
  moved.address = "10.0.0.9:1234";
  TestWorker second(io, moved);
  ASSERT_TRUE(second.sees("registered 2000"));
  EXPECT_FALSE(observer.get(kNode));
}

TEST_F(RegistrationTest, WorksWithADamagedSessionFile) {
  ASSERT_TRUE(write_file(options().session_file, "{", 0600, Durability::kAtomic));
  TestWorker worker(io, options());
  EXPECT_TRUE(worker.sees("registered 1000"));
  EXPECT_THAT(worker.log, HasSubstr("session.json"));
}

TEST_F(RegistrationTest, SurvivesAShortAbsenceOfTheServer) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  auto observer = std::make_unique<Observer>(io, server->connect_string());
  ASSERT_TRUE(observer->connect());
  const auto before = observer->get(kNode);
  ASSERT_TRUE(before);
  server->kill();
  ASSERT_TRUE(worker.sees("suspended"));
  server->start();
  ASSERT_EQ(server->problem(), "");
  ASSERT_TRUE(worker.sees("reconnected"));
  ASSERT_TRUE(observer->connect());
  const auto after = observer->get(kNode);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->created_zxid, before->created_zxid);
  EXPECT_TRUE(run_until(io, [&] { return observer->get(kNode).value_or(*after).version > after->version; }));
  EXPECT_THAT(worker.events, Not(testing::Contains("expired")));
}

TEST_F(RegistrationTest, IsSuspendedByAServerThatHangs) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  server->pause();
  EXPECT_TRUE(worker.sees("suspended"));
  server->resume();
  EXPECT_TRUE(worker.sees("reconnected"));
}

TEST_F(RegistrationTest, TakesItsSessionForEndedWhenNoServerAnswersAndWaitsToBeToldToGoOn) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  const auto before = observer.get(kNode);
  ASSERT_TRUE(before);
  server->pause();
  ASSERT_TRUE(worker.sees("expired"));
  EXPECT_THAT(worker.reasons.back(),
              HasSubstr("no ZooKeeper server was reached for as long as the session lasts, 3 s"));
  server->resume();
  EXPECT_FALSE(worker.sees("registered 1000", seconds(1)));
  worker.registration->register_again(3000);
  ASSERT_TRUE(worker.sees("registered 3000"));
  ASSERT_TRUE(observer.connect());
  EXPECT_EQ(startup_time_in_node(observer), 3000);
  // Also when the server had forgotten the time: masters must see a removal, for the tasks are gone.
  EXPECT_NE(observer.get(kNode).value_or(ZookeeperNode{}).created_zxid, before->created_zxid);
}

TEST_F(RegistrationTest, BelievesTheServerThatItsSessionHasEnded) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  const auto node = observer.get(kNode);
  ASSERT_TRUE(node);
  end_session();
  ASSERT_TRUE(worker.sees("expired"));
  EXPECT_EQ(worker.reasons.back(), "ZooKeeper has ended the session");
  EXPECT_FALSE(observer.get(kNode));
  worker.registration->register_again(3000);
  ASSERT_TRUE(worker.sees("registered 3000"));
  const auto again = observer.get(kNode);
  ASSERT_TRUE(again);
  EXPECT_NE(again->ephemeral_owner, node->ephemeral_owner);
}

TEST_F(RegistrationTest, ThatLostItsNodeIsAsGoodAsExpired) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  ASSERT_TRUE(observer.remove(kNode));
  ASSERT_TRUE(worker.sees("expired"));
  EXPECT_EQ(worker.reasons.back(), "its node was removed");
  EXPECT_FALSE(observer.get(kNode));
  worker.registration->register_again(3000);
  ASSERT_TRUE(worker.sees("registered 3000"));
  EXPECT_EQ(startup_time_in_node(observer), 3000);
}

TEST_F(RegistrationTest, ReplacesTheNodeThatADeadProcessLeft) {
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  observer.make_parents();
  ASSERT_EQ(observer.create(kNode, R"({"processId":1})", NodeMode::kEphemeral), true);
  const auto begin = std::chrono::steady_clock::now();
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, options().rival_wait);
  EXPECT_NE(observer.get(kNode).value_or(ZookeeperNode{}).ephemeral_owner, observer.session.id);
  EXPECT_EQ(startup_time_in_node(observer), 1000);
}

TEST_F(RegistrationTest, ReplacesAPersistentNodeMadeByHand) {
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  observer.make_parents();
  ASSERT_EQ(observer.create(kNode, "", NodeMode::kPersistent), true);
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  EXPECT_NE(observer.get(kNode).value_or(ZookeeperNode{}).ephemeral_owner, 0);
}

TEST_F(RegistrationTest, DoesNotFightALiveWorkerAndFollowsItWhenItGoes) {
  TestWorker first(io, options(1000));
  ASSERT_TRUE(first.sees("registered 1000"));
  RegistrationOptions same_address = options(2000);
  same_address.session_file = folder / "other.json";
  TestWorker second(io, same_address);
  ASSERT_TRUE(second.sees("problem cancelled"));
  EXPECT_THAT(second.reasons.back(),
              HasSubstr("another worker is registered as 10.0.0.1:1234 (process 77, session 0x"));
  EXPECT_THAT(second.reasons.back(), HasSubstr("--advertise-address"));
  const int beats = first.beats;
  ASSERT_TRUE(run_until(io, [&] { return first.beats > beats + 10; }));
  EXPECT_THAT(second.events, ElementsAre("masters", "problem cancelled"));
  EXPECT_THAT(first.events, Not(testing::Contains("expired")));
  first.registration->close();
  EXPECT_TRUE(second.sees("registered 2000"));
}

// As a Java worker does at its start: it removes the node and makes its own.
TEST_F(RegistrationTest, SaysWhoHasTakenItsNode) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer rival(io, server->connect_string());
  ASSERT_TRUE(rival.connect());
  ASSERT_TRUE(rival.remove(kNode));
  ASSERT_EQ(rival.create(kNode, R"({"processId":4242})", NodeMode::kEphemeral), true);
  ASSERT_TRUE(worker.sees("expired"));
  worker.registration->register_again(3000);
  ASSERT_TRUE(run_until(io, [&] { return worker.events.back() != "expired"; }));
  if (worker.reasons.front() == "another session has taken its node") {
    EXPECT_EQ(worker.events.back(), "problem cancelled");
    EXPECT_THAT(worker.reasons.back(), HasSubstr("process 4242"));
  }
  rival.client->close();
  EXPECT_TRUE(worker.sees("registered 3000"));
}

TEST_F(RegistrationTest, TellsWhichMastersThereAre) {
  Observer master(io, server->connect_string());
  ASSERT_TRUE(master.connect());
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("registered 1000"));
  ASSERT_TRUE(worker.sees("masters"));
  ASSERT_EQ(master.create(kMasters + "/b:5678", "{}", NodeMode::kEphemeral), true);
  EXPECT_TRUE(worker.sees("masters b:5678"));
  ASSERT_EQ(master.create(kMasters + "/a:5678", "{}", NodeMode::kEphemeral), true);
  EXPECT_TRUE(worker.sees("masters a:5678 b:5678"));
  server->kill();
  ASSERT_TRUE(worker.sees("suspended"));
  server->start();
  ASSERT_TRUE(worker.sees("reconnected"));
  ASSERT_TRUE(master.connect());
  ASSERT_TRUE(master.remove(kMasters + "/b:5678"));
  EXPECT_TRUE(worker.sees("masters a:5678"));
}

// A node that a task had written into an open ZooKeeper made it a master.
TEST_F(RegistrationTest, TakesNoPersistentNodeForAMaster) {
  Observer anybody(io, server->connect_string());
  ASSERT_TRUE(anybody.connect());
  anybody.make_parents();
  ASSERT_EQ(anybody.create(kMasters + "/a:5678", "{}", NodeMode::kPersistent), true);
  ASSERT_EQ(anybody.create(kMasters + "/b:5678", "{}", NodeMode::kEphemeral), true);
  TestWorker worker(io, options());
  EXPECT_TRUE(worker.sees("masters b:5678"));
  ASSERT_TRUE(run_until(io, [&] { return worker.warnings.size() >= 2; }));
  const auto has = [](const char* text) { return testing::Contains(HasSubstr(text)); };
  EXPECT_THAT(worker.warnings, has("a:5678 is not ephemeral"));
  EXPECT_THAT(worker.warnings, has("everybody who reaches ZooKeeper may make nodes"));
}

TEST_F(RegistrationTest, SaysThatAnotherSessionTimeoutWasGranted) {
  RegistrationOptions long_one = options();
  long_one.session_timeout = std::chrono::hours(1);
  TestWorker worker(io, long_one);
  ASSERT_TRUE(worker.sees("registered 1000"));
  EXPECT_THAT(worker.warnings, testing::Contains(testing::AllOf(HasSubstr("has granted a session of"),
                                                                HasSubstr("where 3600 s were asked for"))));
}

TEST_F(RegistrationTest, WithADigestIsClosedToOthers) {
  RegistrationOptions secret = options();
  secret.digest = "porpoise:secret";
  TestWorker worker(io, secret);
  ASSERT_TRUE(worker.sees("registered 1000"));
  Observer stranger(io, server->connect_string());
  ASSERT_TRUE(stranger.connect());
  const auto refused = stranger.set(kNode, "{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kDenied);
  Observer friendly(io, server->connect_string(), std::nullopt, "porpoise:secret");
  ASSERT_TRUE(friendly.connect());
  EXPECT_TRUE(friendly.set(kNode, "{}"));
}

TEST_F(RegistrationTest, WithADigestIsResumedAndReconnected) {
  RegistrationOptions secret = options();
  secret.digest = "porpoise:secret";
  std::make_unique<TestWorker>(io, secret)->sees("registered 1000");
  TestWorker worker(io, secret);
  ASSERT_TRUE(worker.sees("resumed 1000"));
  server->kill();
  ASSERT_TRUE(worker.sees("suspended"));
  server->start();
  ASSERT_TRUE(worker.sees("reconnected"));
  const int beats = worker.beats;
  EXPECT_TRUE(run_until(io, [&] { return worker.beats > beats + 3; }));
  EXPECT_EQ(worker.events.back(), "reconnected");
}

TEST_F(RegistrationTest, WithTheWrongDigestSaysSoOnce) {
  Observer owner(io, server->connect_string(), std::nullopt, "owner:secret");
  ASSERT_TRUE(owner.connect());
  owner.make_parents();
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("problem denied"));
  EXPECT_THAT(worker.reasons.back(), HasSubstr("/dolphinscheduler/nodes/worker"));
  EXPECT_FALSE(worker.sees("problem denied", seconds(2)));
}

TEST_F(RegistrationTest, BelowAChroot) {
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  RegistrationOptions below = options();
  below.servers = *parse_connect_string(server->connect_string() + "/ds");
  TestWorker worker(io, below);
  ASSERT_TRUE(worker.sees("problem not found"));
  EXPECT_THAT(worker.reasons.back(), HasSubstr("there is no node /ds, the chroot of the connect string"));
  ASSERT_TRUE(observer.create("/ds", "", NodeMode::kPersistent));
  ASSERT_TRUE(worker.sees("registered 1000"));
  EXPECT_TRUE(observer.get("/ds" + kNode));
  EXPECT_FALSE(observer.get(kNode));
  ASSERT_TRUE(observer.create("/ds" + kMasters + "/a:1", "{}", NodeMode::kEphemeral));
  EXPECT_TRUE(worker.sees("masters a:1"));
}

class RegistrationWithoutServer : public RegistrationTest {
 protected:
  RegistrationWithoutServer() { start_server = false; }
};

TEST_F(RegistrationWithoutServer, SaysOnceThatNobodyAnswersAndRegistersWhenItCan) {
  TestWorker worker(io, options());
  ASSERT_TRUE(worker.sees("problem unavailable"));
  EXPECT_THAT(worker.reasons.back(), HasSubstr("cannot reach ZooKeeper at " + server->connect_string() + ": "));
  EXPECT_THAT(worker.reasons.back(), HasSubstr("Connection refused"));
  EXPECT_FALSE(worker.sees("problem unavailable", seconds(3)));
  server->start();
  ASSERT_EQ(server->problem(), "");
  EXPECT_TRUE(worker.sees("registered 1000"));
  EXPECT_THAT(worker.events, ElementsAre("problem unavailable", "registered 1000"));
}

TEST_F(RegistrationWithoutServer, SaysWhichNameIsUnknown) {
  RegistrationOptions unknown = options();
  unknown.servers = *parse_connect_string("no-such-host.invalid:2181");
  TestWorker worker(io, unknown);
  ASSERT_TRUE(worker.sees("problem unavailable"));
  EXPECT_THAT(worker.reasons.back(), HasSubstr("cannot resolve no-such-host.invalid"));
}

TEST_F(RegistrationWithoutServer, OneUnknownNameAmongOthersDoesNotMatter) {
  server->start();
  RegistrationOptions some = options();
  some.servers = *parse_connect_string("no-such-host.invalid:2181," + server->connect_string());
  TestWorker worker(io, some);
  EXPECT_TRUE(worker.sees("registered 1000"));
}

// The tasks that the process before has left must not run longer than the session that covers them.
TEST_F(RegistrationWithoutServer, TakesOverNothingForLongerThanTheSessionLasts) {
  server->start();
  std::make_unique<TestWorker>(io, options(1000))->sees("registered 1000");
  server->kill();
  TestWorker second(io, options(2000));
  ASSERT_TRUE(second.sees("expired"));
  server->start();
  second.registration->register_again(3000);
  EXPECT_TRUE(second.sees("registered 3000"));
}

}  // namespace
}  // namespace porpoise
