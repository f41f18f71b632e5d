#include <algorithm>

#include "engine_driver.h"

namespace porpoise {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// --- Sessions ---

class MembershipTest : public testing::Test {
 protected:
  std::vector<std::string> take() { return driver.take(); }
  void scanned(std::vector<FoundTask> tasks = {}) { driver.on(event::Scanned{std::move(tasks)}); }
  // Ends what the engine wants ended.
  void end_it(std::int64_t id) { driver.end(result_of(id, TaskState::kKill)); }

  Driver driver{small_settings()};
};

TEST_F(MembershipTest, AResumedSessionGoesOnWithItsTasks) {
  driver.on(event::Registered{true});
  EXPECT_THAT(take(), ElementsAre("scan"));
  scanned({found_running(1)});
  EXPECT_THAT(take(), ElementsAre("adopt 1", "save session", "listen", "RUNNING 1 to m:1"));
}

// A later run that resumed the new session would otherwise take tasks for its own that masters run elsewhere.
TEST_F(MembershipTest, ANewSessionIsNotSavedBeforeTheTasksOfTheLastAreDead) {
  driver.on(event::Registered{false});
  EXPECT_THAT(take(), ElementsAre("forget session", "scan"));
  scanned({found_running(1)});
  EXPECT_THAT(take(), ElementsAre("abandon 1", "adopt 1", "kill 1", "forget session"));
  end_it(1);
  EXPECT_THAT(take(), ElementsAre("forget 1", "save session", "listen"));
}

TEST_F(MembershipTest, AnExpiredSessionIsFencedBeforeTheWorkerRegistersAgainAndTakesTasks) {
  driver.register_with({});
  driver.dispatch(task(1));
  (void)take();
  driver.on(event::SessionLost{});
  EXPECT_THAT(take(), ElementsAre("forget session", "abandon 1", "kill 1"));
  end_it(1);
  EXPECT_THAT(take(), ElementsAre("forget 1", "register"));
  driver.on(event::Registered{false});
  EXPECT_THAT(take(), ElementsAre("save session"));
  driver.dispatch(task(2));
  EXPECT_THAT(take(), Contains("start 2"));
}

// It was registered, and deaf for good.
TEST_F(MembershipTest, ASessionThatExpiresWhileTasksAreFencedDoesNotLeaveTheWorkerDeaf) {
  driver.register_with({found_running(1)}, false);
  driver.on(event::SessionLost{});
  (void)take();
  end_it(1);
  EXPECT_THAT(take(), ElementsAre("forget 1", "register"));
  driver.on(event::Registered{false});
  EXPECT_THAT(take(), ElementsAre("save session", "listen"));
}

// They ran on until ZooKeeper could be reached again.
TEST_F(MembershipTest, TasksOfASessionThatEndsBeforeARestartedWorkerIsRegisteredAreEnded) {
  driver.on(event::SessionLost{});
  EXPECT_THAT(take(), ElementsAre("forget session", "scan"));
  scanned({found_running(1)});
  EXPECT_THAT(take(), ElementsAre("abandon 1", "adopt 1", "kill 1", "forget session"));
  end_it(1);
  EXPECT_THAT(take(), ElementsAre("forget 1", "register"));
  driver.on(event::Registered{false});
  EXPECT_THAT(take(), ElementsAre("save session", "listen"));
}

// What the disk says late is judged by what is known then.
TEST_F(MembershipTest, ASessionThatEndsWhileTheDiskIsReadGivesUpWhatIsFound) {
  driver.on(event::Registered{true});
  driver.on(event::SessionLost{});
  (void)take();
  scanned({found(1), found_running(2)});
  EXPECT_THAT(take(), ElementsAre("forget 1", "abandon 2", "adopt 2", "kill 2", "forget session"));
}

// They ran on, although masters ran them elsewhere.
TEST_F(MembershipTest, AnExpiredSessionIsFencedAlsoWhenTheWorkerLeaves) {
  driver.register_with({});
  driver.dispatch(task(1));
  driver.on(event::Terminated{});
  (void)take();
  driver.on(event::SessionLost{});
  EXPECT_THAT(take(), ElementsAre("forget session", "abandon 1", "kill 1"));
  end_it(1);
  EXPECT_THAT(take(), ElementsAre("forget 1", "exit"));
}

TEST_F(MembershipTest, KeptTasksSurviveTheSession) {
  EngineSettings settings = small_settings();
  settings.keep_tasks = true;
  Driver keeps(settings);
  keeps.register_with({found_running(1)}, false);
  EXPECT_THAT(keeps.take(), ElementsAre("scan", "adopt 1", "save session", "listen", "RUNNING 1 to m:1"));
  keeps.on(event::SessionLost{});
  EXPECT_THAT(keeps.take(), ElementsAre("register"));
}

// --- What becomes of the tasks ---

using Fence = EngineTest;

TEST_F(Fence, FencedTasksEndWithoutAWord) {
  for (const std::int64_t id : {1, 2, 3}) accept(id);
  driver.kill(1, 5, 1);
  (void)take();
  driver.on(event::SessionLost{}, 1);
  EXPECT_THAT(take(), ElementsAre("forget session", "forget 3", "abandon 1", "kill 1", "abandon 2", "kill 2"));
  driver.end(success(1), 2);
  driver.end(success(2), 2);
  EXPECT_THAT(take(), ElementsAre("answer 5 SUCCESS", "forget 1", "forget 2", "register"));
  EXPECT_TRUE(driver.engine.idle());
  EXPECT_EQ(driver.engine.outbox().size(), 0U);
  driver.on(event::Registered{false}, 2);
  accept(4, 2);
  EXPECT_THAT(take(), Contains("start 4"));
}

TEST_F(Fence, ADispatchOfAFencedTaskIsRejectedLikeAnyOther) {
  accept(1);
  driver.on(event::SessionLost{});
  (void)take();
  accept(1, 1);
  EXPECT_THAT(take(), ElementsAre("REJECT 1"));
}

// RUNNING was told of it, and waited for an ACK long after the task was forgotten.
TEST_F(Fence, AFencedTaskThatNamesARemoteJobStaysUntold) {
  accept(1);
  driver.on(event::SessionLost{});
  (void)take();
  driver.on(event::AppId{1, "job_5"}, 1);
  EXPECT_THAT(take(), IsEmpty());
}

// --- The way out ---

using Leaving = EngineTest;

TEST_F(Leaving, DrainGivesBackWhatWaitsAndLetsTheRestFinish) {
  for (const std::int64_t id : {1, 2, 3}) accept(id);
  (void)take();
  driver.on(event::Terminated{}, 1);
  EXPECT_THAT(take(), ElementsAre("forget 3", "REJECT 3"));
  EXPECT_TRUE(driver.engine.leaving());
  accept(4, 1);
  EXPECT_THAT(take(), ElementsAre("REJECT 4"));
  EXPECT_FALSE(driver.engine.idle());
  driver.end(success(1), 2);
  driver.end(success(2), 2);
  EXPECT_TRUE(driver.engine.idle());
  EXPECT_FALSE(driver.engine.gone()) << "masters have not heard of every end";
  for (const std::int64_t id : {1, 2}) driver.acknowledge(id, MessageKind::kResult, 3);
  EXPECT_THAT(take(), Not(Contains("exit")));
  for (const std::int64_t id : {3, 4}) driver.acknowledge(id, MessageKind::kReject, 3);
  EXPECT_THAT(take(), ElementsAre("exit"));
}

TEST_F(Leaving, MastersThatAreAwayAreWaitedForOnlySoLong) {
  accept(1);
  driver.on(event::Terminated{}, 0);
  driver.end(success(1), 100);
  (void)take();
  EXPECT_LE(driver.engine.next_wakeup_mono_ms(at(100)), 5100);
  driver.wake(5099);
  EXPECT_THAT(take(), Not(Contains("exit")));
  driver.wake(5100);
  EXPECT_THAT(take(), Contains("exit"));
  driver.dispatch(task(2), 5101);
  EXPECT_THAT(take(), IsEmpty()) << "it is gone";
}

TEST_F(Leaving, ASecondSignalEndsWhatRunsAndTellsNobody) {
  accept(1);
  driver.on(event::Terminated{}, 1);
  (void)take();
  driver.on(event::Terminated{}, 2);
  EXPECT_THAT(take(), ElementsAre("forget session", "abandon 1", "kill 1"));
  driver.end(result_of(1, TaskState::kKill), 3);
  EXPECT_THAT(take(), ElementsAre("forget 1", "exit"));
}

TEST_F(Leaving, WhatDoesNotFinishWithinTheDrainLimitIsEnded) {
  accept(1);
  driver.on(event::Terminated{}, 1);
  (void)take();
  EXPECT_LE(driver.engine.next_wakeup_mono_ms(at(1)), 60'001);
  driver.wake(60'000);
  EXPECT_THAT(take(), Not(Contains("kill 1")));
  driver.wake(60'001);
  EXPECT_THAT(take(), Contains("kill 1"));
}

TEST_F(Leaving, AWorkerThatEndsItsTasksLeavesNothingToTakeOver) {
  accept(1);
  driver.on(event::Terminated{}, 1);
  driver.on(event::Terminated{}, 1);
  (void)take();
  driver.on(event::Registered{true}, 2);
  EXPECT_THAT(take(), IsEmpty()) << "no session is saved";
}

// The worker waited for the disk before it went, for ever.
TEST_F(Leaving, ADiskThatHangsDoesNotKeepItHere) {
  driver.disk_waits = true;
  accept(1);
  driver.on(event::Terminated{}, 1);
  EXPECT_THAT(take(), IsEmpty());
  driver.on(event::Terminated{}, 2);
  EXPECT_THAT(take(), ElementsAre("forget session", "exit"));
  driver.stored(1, 3);
  EXPECT_THAT(take(), ElementsAre("forget 1")) << "the next run would start it";
}

}  // namespace
}  // namespace porpoise
