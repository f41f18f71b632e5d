#include <algorithm>

#include "engine_driver.h"

namespace porpoise {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using TaskLife = EngineTest;

TEST_F(TaskLife, RunsReportsAndForgetsWhenTheEndIsAcknowledged) {
  accept(1);
  EXPECT_THAT(take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
  driver.acknowledge(1, MessageKind::kRunning);
  driver.end(success(1));
  EXPECT_THAT(take(), ElementsAre("RESULT 1 7 to m:1"));
  driver.acknowledge(1, MessageKind::kResult);
  EXPECT_THAT(take(), ElementsAre("forget 1"));
  EXPECT_TRUE(driver.engine.idle());
}

TEST_F(TaskLife, SaysSinceWhenAResultWasToBeToldWhenItIsAcknowledged) {
  accept(1);
  driver.end(success(1), 100);
  driver.wake(3000);  // told once more
  driver.on(event::HostChanged{1, "m:2"}, 4000);
  driver.acknowledge(1, MessageKind::kRunning, 4500);
  driver.acknowledge(1, MessageKind::kResult, 5000);
  driver.acknowledge(1, MessageKind::kResult, 6000);
  std::vector<std::int64_t> since;
  for (const Action& action : driver.actions)
    if (const auto* const told = std::get_if<action::Told>(&action)) since.push_back(told->since_mono_ms);
  EXPECT_THAT(since, ElementsAre(100)) << "of its RESULT alone, once, whichever master has it";
}

TEST_F(TaskLife, GivesSlotsInTheOrderOfArrival) {
  for (const std::int64_t id : {1, 2, 3, 4}) accept(id);
  EXPECT_THAT(take(), ElementsAre("start 1", "RUNNING 1 to m:1", "start 2", "RUNNING 2 to m:1"));
  driver.end(success(2));
  EXPECT_THAT(take(), ElementsAre("start 3", "RESULT 2 7 to m:1", "RUNNING 3 to m:1"));
}

TEST_F(TaskLife, ADispatchThatComesTwiceRunsOnce) {
  accept(1);
  (void)take();
  driver.dispatch(task(1, "m:2"), 1);
  EXPECT_THAT(take(), ElementsAre("keep master of 1 m:2", "RUNNING 1 to m:2"));
  driver.end(success(1), 2);
  driver.acknowledge(1, MessageKind::kResult, 2);
  (void)take();
  driver.dispatch(task(1, "m:2"), 3);
  EXPECT_THAT(take(), ElementsAre("RESULT 1 7 to m:2")) << "also after its end";
}

TEST_F(TaskLife, IsFullWhenMoreWaitThanItMayHold) {
  for (std::int64_t id = 1; id <= 5; ++id) accept(id);
  (void)take();
  accept(6);
  EXPECT_THAT(take(), ElementsAre("REJECT 6"));
  driver.acknowledge(6, MessageKind::kReject);
  EXPECT_THAT(take(), IsEmpty());
}

// Its master heard nothing of it, and waited for ever.
TEST_F(TaskLife, WhatCannotBeRunEndsWithTheReasonAndIsTold) {
  AcceptedTask broken = task(1);
  broken.defect = "its dispatch makes no sense";
  driver.dispatch(broken);
  EXPECT_THAT(take(), ElementsAre("record 1 FAILURE", "RESULT 1 6 to m:1"));
  const auto recorded = std::find_if(driver.actions.begin(), driver.actions.end(), [](const Action& action) {
    return std::holds_alternative<action::StoreResult>(action);
  });
  ASSERT_NE(recorded, driver.actions.end());
  EXPECT_EQ(std::get<action::StoreResult>(*recorded).result.message, "its dispatch makes no sense");
  driver.dispatch(broken, 1);
  EXPECT_THAT(take(), ElementsAre("RESULT 1 6 to m:1")) << "asked again, it is told again";
  driver.acknowledge(1, MessageKind::kResult, 1);
  EXPECT_THAT(take(), ElementsAre("forget 1"));
  EXPECT_TRUE(driver.engine.idle());
}

TEST(TaskLifeBefore, WhatCannotBeRunEndsSoAfterARestartToo) {
  Driver restarted(small_settings());
  FoundTask broken = found(2);
  broken.task.defect = "its dispatch makes no sense";
  restarted.register_with({broken});
  EXPECT_THAT(restarted.take(), ElementsAre("scan", "record 2 FAILURE", "save session", "listen", "RESULT 2 6 to m:1"));
}

TEST_F(TaskLife, WhatCannotBeRunAndIsKilledWhileItIsWrittenIsKilled) {
  driver.disk_waits = true;
  AcceptedTask broken = task(1);
  broken.defect = "its dispatch makes no sense";
  driver.dispatch(broken);
  driver.kill(1, 5);
  driver.stored(1);
  EXPECT_THAT(take(), ElementsAre("record 1 KILL", "answer 5 KILL", "RESULT 1 9 to m:1"));
}

TEST(TaskLifeLimits, IsFullWhenTheDispatchesOfItsTasksTakeTooMuchMemory) {
  EngineSettings settings = small_settings();
  settings.max_task_bytes = 1'000'000;
  Driver driver(settings);
  driver.register_with({});
  (void)driver.take();
  const auto large = [](std::int64_t id) {
    AcceptedTask one = task(id);
    one.dispatch.context.task_params = std::string(600'000, 'x');
    return one;
  };
  driver.dispatch(large(1));
  EXPECT_THAT(driver.take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
  driver.dispatch(large(2));
  EXPECT_THAT(driver.take(), ElementsAre("REJECT 2"));
  driver.acknowledge(2, MessageKind::kReject);
  driver.end(success(1));
  driver.dispatch(large(2), 1);
  EXPECT_THAT(driver.take(), Contains("start 2")) << "the end of the other has made room";
}

TEST_F(TaskLife, WhatCannotBeWrittenToDiskIsRejected) {
  driver.disk_works = false;
  accept(1);
  EXPECT_THAT(take(), ElementsAre("REJECT 1"));
  EXPECT_FALSE(driver.engine.storage_works());
}

TEST(TaskLifeBefore, NothingIsTakenOrStartedBeforeItIsKnownWhoseTheTasksAre) {
  Driver closed(small_settings());
  closed.dispatch(task(1));
  EXPECT_THAT(closed.take(), ElementsAre("REJECT 1"));
  closed.acknowledge(1, MessageKind::kReject);
  closed.on(event::Registered{true});
  closed.wake(0);
  EXPECT_THAT(closed.take(), ElementsAre("scan"));
  closed.on(event::Scanned{{found(2)}});
  EXPECT_THAT(closed.take(), ElementsAre("save session", "listen", "start 2", "RUNNING 2 to m:1"));
}

TEST_F(TaskLife, TellsTheDelayOnceAndStartsWhenItIsOver) {
  driver.dispatch(delayed(1));
  EXPECT_THAT(take(), ElementsAre("RESULT 1 12 to m:1"));
  EXPECT_EQ(driver.engine.next_wakeup_mono_ms(at(0)), 60'000);
  driver.wake(59'999);
  EXPECT_THAT(take(), IsEmpty());
  driver.wake(60'000);
  EXPECT_THAT(take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
}

// It waited by the wall clock: for hours when that was set back.
TEST_F(TaskLife, ADelayIsAsLongAsAskedForWhereverTheClockJumps) {
  driver.dispatch(delayed(1));
  (void)take();
  constexpr std::int64_t kHour = 3'600'000;
  driver.on(event::Woken{}, Moment{at(0).wall_ms + kHour, 59'999});
  EXPECT_THAT(take(), IsEmpty());
  driver.on(event::Woken{}, Moment{at(0).wall_ms - kHour, 60'000});
  EXPECT_THAT(take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
  Driver restarted(small_settings());
  FoundTask waiting = found(1);
  waiting.task = delayed(1);
  restarted.register_with({waiting}, true, {at(0).wall_ms - kHour, 0});
  EXPECT_EQ(restarted.engine.next_wakeup_mono_ms(at(0)), 60'000);
}

TEST_F(TaskLife, AnswersAKillWhenTheTreeIsDead) {
  accept(1);
  (void)take();
  driver.kill(1, 55, 1);
  EXPECT_THAT(take(), ElementsAre("cancel 1"));
  driver.end(result_of(1, TaskState::kKill), 2);
  EXPECT_THAT(take(), ElementsAre("answer 55 SUCCESS", "RESULT 1 9 to m:1"));
}

// After a failover, the master that dispatched is dead: it did not ask.
TEST_F(TaskLife, AKillNamesWhoAskedForIt) {
  accept(1);
  const auto reason_of = [&](const std::string& who) {
    driver.actions.clear();
    driver.kill(1, 5, 1, who);
    return std::get<action::Cancel>(driver.actions.at(0)).reason;
  };
  EXPECT_EQ(reason_of(""), "killed by order of its master m:1");
  EXPECT_EQ(reason_of("master m:1"), "killed by order of its master m:1");
  EXPECT_EQ(reason_of("master m2:1"), "killed by order of master m2:1");
  EXPECT_EQ(reason_of("10.0.0.9"), "killed by order of 10.0.0.9");
}

TEST_F(TaskLife, AKilledTaskThatWaitsNeverStarts) {
  for (const std::int64_t id : {1, 2, 3}) accept(id);
  (void)take();
  driver.kill(3, 5, 1);
  EXPECT_THAT(take(), ElementsAre("record 3 KILL", "answer 5 KILL", "RESULT 3 9 to m:1"));
  driver.end(success(1), 2);
  EXPECT_THAT(take(), ElementsAre("RESULT 1 7 to m:1"));
}

TEST_F(TaskLife, AHostUpdateMovesAllThatIsSaidLater) {
  accept(1);
  (void)take();
  driver.on(event::HostChanged{1, "m:2"}, 1);
  EXPECT_THAT(take(), ElementsAre("keep master of 1 m:2", "RUNNING 1 to m:2"));
  driver.end(success(1), 2);
  EXPECT_THAT(take(), ElementsAre("RESULT 1 7 to m:2"));
}

TEST_F(TaskLife, AppIdsAreToldWhileTheTaskRuns) {
  accept(1);
  (void)take();
  driver.on(event::AppId{1, "job_5"}, 1);
  EXPECT_THAT(take(), ElementsAre("RUNNING 1 to m:1"));
}

// Neither repeated nor told to a new master: a 3.1 master that hears it last shows the task as running for ever.
TEST_F(TaskLife, NothingIsSaidOfRunningOnceTheEndIsDue) {
  accept(1);
  driver.end(success(1), 1);
  EXPECT_THAT(take(), ElementsAre("start 1", "RUNNING 1 to m:1", "RESULT 1 7 to m:1"));
  driver.on(event::NotSent{{1, MessageKind::kRunning}}, 2);
  driver.on(event::NotSent{{1, MessageKind::kResult}}, 2);
  driver.on(event::AppId{1, "job_5"}, 3);
  driver.on(event::HostChanged{1, "m:2"}, 4);
  driver.dispatch(task(1, "m:3"), 5);
  for (std::int64_t ms = 6; ms < 600'000; ms += 500) driver.wake(ms);
  driver.acknowledge(1, MessageKind::kRunning, 600'000);
  driver.acknowledge(1, MessageKind::kResult, 600'000);
  driver.dispatch(task(1, "m:1"), 600'001);
  const auto said = take();
  EXPECT_THAT(said, Contains("RESULT 1 7 to m:3"));
  EXPECT_THAT(said, Contains("RESULT 1 7 to m:1")) << "told again";
  EXPECT_THAT(said, Not(Contains(HasSubstr("RUNNING"))));
}

TEST_F(TaskLife, AnAlertThatWasAnsweredIsNotSentAgainByALaterRun) {
  accept(1);
  driver.end(success(1), 1);
  (void)take();
  driver.on(event::Alerted{1}, 2);
  EXPECT_THAT(take(), ElementsAre("alerted 1"));
  driver.on(event::Alerted{77}, 3);  // its RESULT was acknowledged meanwhile: there is no folder any more
  EXPECT_THAT(take(), ElementsAre());
}

TEST_F(TaskLife, ADryRunTellsNothingButItsEnd) {
  AcceptedTask dry = task(1);
  dry.dispatch.context.dry_run = true;
  driver.dispatch(dry);
  EXPECT_THAT(take(), ElementsAre("start 1"));
}

// A 3.1 master acknowledges DELAY as if it were the RESULT, and the RESULT was dropped.
TEST_F(TaskLife, TheAckOfADelayIsNotTakenForThatOfTheResult) {
  driver.dispatch(delayed(1));
  driver.kill(1, 5, 1);
  (void)take();
  driver.acknowledge(1, MessageKind::kResult, 1);
  EXPECT_THAT(take(), IsEmpty());
  driver.wake(2001);
  EXPECT_THAT(take(), ElementsAre("RESULT 1 9 to m:1"));
  driver.acknowledge(1, MessageKind::kResult, 2002);
  EXPECT_THAT(take(), ElementsAre("forget 1"));
}

// --- Between Store and Stored ---

class WhileTheDiskWrites : public EngineTest {
 protected:
  WhileTheDiskWrites() {
    driver.disk_waits = true;
    accept(1);
    EXPECT_THAT(take(), IsEmpty()) << "nobody is told of what is not on disk";
  }
};

TEST_F(WhileTheDiskWrites, NothingStartsBeforeItIsOnDisk) {
  driver.wake(10'000);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_FALSE(driver.engine.idle());
  driver.stored(1, 10'000);
  EXPECT_THAT(take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
}

TEST_F(WhileTheDiskWrites, AKillIsAnsweredWhenItsEndIsOnDisk) {
  driver.kill(1, 5, 1);
  driver.kill(1, 6, 1);
  EXPECT_THAT(take(), IsEmpty());
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("record 1 KILL", "answer 5 KILL", "answer 6 KILL", "RESULT 1 9 to m:1"));
}

TEST_F(WhileTheDiskWrites, AKillOfWhatCannotBeWrittenIsAnswered) {
  driver.kill(1, 5, 1);
  driver.disk_works = false;
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("answer 5 KILL", "REJECT 1"));
}

TEST_F(WhileTheDiskWrites, ARepeatedDispatchIsWrittenOnceAndItsMasterKept) {
  driver.dispatch(task(1, "m:2"), 1);
  EXPECT_THAT(take(), IsEmpty());
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("keep master of 1 m:2", "start 1", "RUNNING 1 to m:2"));
  driver.stored(1, 3);
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(WhileTheDiskWrites, AHostUpdateIsKeptAndTheNewMasterHearsOfARefusal) {
  driver.on(event::HostChanged{1, "m:2"}, 1);
  driver.disk_works = false;
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("REJECT 1"));
  const auto& told = std::get<action::Send>(driver.actions.back());
  EXPECT_EQ(std::get<wire::TaskRejected>(told.message).addressing.receiver, "m:2");
}

TEST_F(WhileTheDiskWrites, AnAcknowledgementIsTakenForNothing) {
  driver.acknowledge(1, MessageKind::kResult, 1);
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
}

TEST_F(WhileTheDiskWrites, AnExpiredSessionIsFencedWhenTheDispatchIsGoneAgain) {
  driver.on(event::SessionLost{}, 1);
  EXPECT_THAT(take(), ElementsAre("forget session"));
  driver.dispatch(task(1), 1);
  EXPECT_THAT(take(), ElementsAre("REJECT 1"));
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("forget 1", "register"));
}

TEST_F(WhileTheDiskWrites, ADrainGivesItBack) {
  driver.on(event::Terminated{}, 1);
  EXPECT_THAT(take(), IsEmpty());
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("forget 1", "REJECT 1"));
}

// A later run of the worker would have started what was rejected.
TEST_F(WhileTheDiskWrites, WhatIsWrittenAfterTheDiskWasGivenUpOnIsForgotten) {
  driver.disk_works = false;
  driver.stored(1, 1);
  EXPECT_THAT(take(), ElementsAre("REJECT 1"));
  driver.disk_works = true;
  driver.stored(1, 2);
  EXPECT_THAT(take(), ElementsAre("forget 1"));
}

TEST_F(WhileTheDiskWrites, ItTakesUpTheRoomOfAWaitingTask) {
  for (std::int64_t id = 2; id <= 5; ++id) accept(id);
  EXPECT_THAT(take(), IsEmpty());
  accept(6);
  EXPECT_THAT(take(), ElementsAre("REJECT 6"));
}

// The folder was there, with a living host, and was written over: two executions.
TEST_F(WhileTheDiskWrites, AFolderWithALivingHostIsFollowedNotWrittenOver) {
  driver.on(event::Stored{1, false, found_running(1)}, 2);
  EXPECT_THAT(take(), ElementsAre("adopt 1", "RUNNING 1 to m:1"));
  EXPECT_EQ(driver.engine.running(), 1U);
  driver.end(success(1), 3);
  EXPECT_THAT(take(), ElementsAre("RESULT 1 7 to m:1"));
}

TEST_F(WhileTheDiskWrites, AKillOfAFolderWithALivingHostEndsTheHostFirst) {
  driver.kill(1, 5, 1);
  driver.on(event::Stored{1, false, found_running(1)}, 2);
  EXPECT_THAT(take(), ElementsAre("adopt 1", "cancel 1", "RUNNING 1 to m:1"));
  driver.end(result_of(1, TaskState::kKill), 3);
  EXPECT_THAT(take(), ElementsAre("answer 5 SUCCESS", "RESULT 1 9 to m:1"));
}

// --- A kill of what is not known ---

using UnknownTask = EngineTest;

TEST_F(UnknownTask, AKillOfItIsAnsweredAfterALook) {
  driver.kill(99, 5);
  driver.kill(99, 6);
  EXPECT_THAT(take(), ElementsAre("look 99"));
  driver.on(event::Looked{99, std::nullopt});
  EXPECT_THAT(take(), ElementsAre("answer 5 KILL", "answer 6 KILL"));
}

// The answer said that it was dead, and it ran on.
TEST_F(UnknownTask, AKillOfOneThatLivesIsAnsweredWhenItIsDead) {
  driver.kill(99, 5);
  driver.on(event::Looked{99, found_running(99)});
  EXPECT_THAT(take(), ElementsAre("look 99", "adopt 99", "cancel 99", "RUNNING 99 to m:1"));
  driver.end(result_of(99, TaskState::kKill), 1);
  EXPECT_THAT(take(), ElementsAre("answer 5 SUCCESS", "RESULT 99 9 to m:1"));
}

TEST_F(UnknownTask, AKillOfOneThatIsDispatchedMeanwhileCountsForIt) {
  driver.disk_waits = true;
  driver.kill(99, 5);
  driver.dispatch(task(99));
  driver.on(event::Looked{99, std::nullopt});
  EXPECT_THAT(take(), ElementsAre("look 99"));
  driver.stored(99);
  EXPECT_THAT(take(), ElementsAre("record 99 KILL", "answer 5 KILL", "RESULT 99 9 to m:1"));
}

TEST_F(UnknownTask, AKillOfOneThatHadBeenGivenUpIsAnsweredWhenItIsDead) {
  driver.kill(99, 5);
  FoundTask given_up = found_running(99);
  given_up.abandoned = true;
  driver.on(event::Looked{99, given_up});
  EXPECT_THAT(take(), ElementsAre("look 99", "abandon 99", "adopt 99", "kill 99", "cancel 99"));
  driver.end(result_of(99, TaskState::kKill), 1);
  EXPECT_THAT(take(), ElementsAre("answer 5 SUCCESS", "forget 99"));
}

}  // namespace
}  // namespace porpoise
