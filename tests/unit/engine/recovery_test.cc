#include "engine/recovery.h"

#include <algorithm>
#include <functional>

#include "engine_driver.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Ownership kAll[] = {Ownership::kResumed, Ownership::kKept, Ownership::kGivenUp};

FoundTask ran() {
  FoundTask ran = found(1);
  ran.requested = ran.host_began = true;
  return ran;
}
FoundTask requested() {
  FoundTask requested = found(1);
  requested.requested = true;
  return requested;
}
FoundTask abandoned(FoundTask task) {
  task.abandoned = true;
  return task;
}

TEST(Recovery, GoesOnWhereTheTaskWas) {
  for (const Ownership ownership : {Ownership::kResumed, Ownership::kKept}) {
    EXPECT_EQ(recovery_of(found(1), ownership), Recovery::kStart);
    EXPECT_EQ(recovery_of(ran(), ownership), Recovery::kFollow);
    EXPECT_EQ(recovery_of(found_ended(1, success(1)), ownership), Recovery::kReport);
  }
}

// It was recorded as lost.
TEST(Recovery, StartsWhatWasAboutToStartWhenTheWorkerWasKilled) {
  EXPECT_EQ(recovery_of(requested(), Ownership::kResumed), Recovery::kStart);
  EXPECT_EQ(recovery_of(requested(), Ownership::kKept), Recovery::kFollow) << "a power cut may have hidden that it ran";
}

// They were started, then ended at once.
TEST(Recovery, StartsNothingThatMastersRunElsewhere) {
  EXPECT_EQ(recovery_of(found(1), Ownership::kGivenUp), Recovery::kForget);
  EXPECT_EQ(recovery_of(ran(), Ownership::kGivenUp), Recovery::kEnd);
  EXPECT_EQ(recovery_of(found_ended(1, success(1)), Ownership::kGivenUp), Recovery::kReport) << "it may spare a rerun";
}

TEST(Recovery, NeverTellsOfWhatAnEarlierRunHadGivenUp) {
  for (const Ownership ownership : kAll) {
    EXPECT_EQ(recovery_of(abandoned(found(1)), ownership), Recovery::kForget);
    EXPECT_EQ(recovery_of(abandoned(ran()), ownership), Recovery::kEnd);
    EXPECT_EQ(recovery_of(abandoned(found_ended(1, success(1))), ownership), Recovery::kForget);
  }
}

// The worker died between writing the dispatch and who is told; then the dispatch was torn, and its end was told to
// none.
TEST(Recovery, WritesWhoIsToldWhereOnlyTheDispatchSaysIt) {
  FoundTask half_stored = found(1);
  half_stored.master_missing = true;
  Driver driver(small_settings());
  driver.register_with({half_stored});
  EXPECT_THAT(driver.take(), testing::Contains("keep master of 1 m:1"));
}

// --- Damage: any one file is enough ---

FoundTask without_dispatch(FoundTask task) {
  task.dispatch_read = false;
  task.damage = "cannot parse dispatch.json";
  return task;
}

// Its master was told without the workflow instance, which nothing on disk named, and did not understand.
TEST(Recovery, TellsOfTheWorkflowThatARepeatedDispatchNamesWhereNoFileDoes) {
  const auto told = [](FoundTask nameless, const std::function<void(Driver&)>& then) {
    nameless.dispatch_read = false;
    nameless.task.dispatch.master.clear();
    Driver driver(small_settings());
    driver.register_with({std::move(nameless)});
    AcceptedTask again = task(1, "m:2");
    again.dispatch.context.process_instance_id = 12;
    driver.dispatch(again, 10);
    then(driver);
    for (auto at = driver.actions.rbegin(); at != driver.actions.rend(); ++at)
      if (const auto* const send = std::get_if<action::Send>(&*at))
        return std::visit([](const auto& m) { return m.process_instance_id; }, send->message);
    return std::int64_t{-1};
  };
  EXPECT_EQ(told(found_running(1), [](Driver& driver) { driver.end(success(1), 20); }), 12);
  EXPECT_EQ(told(found_ended(1, success(1)), [](Driver&) {}), 12);
}

// It was put aside: its host ran on, nobody followed it, and a kill of it was answered with a lie.
TEST(Recovery, FollowsALivingHostWhateverFileIsTorn) {
  EXPECT_EQ(recovery_of(without_dispatch(found_running(1)), Ownership::kResumed), Recovery::kFollow);
  EXPECT_EQ(recovery_of(without_dispatch(found_running(1)), Ownership::kGivenUp), Recovery::kEnd);
  FoundTask host_alone = without_dispatch(found(1));
  host_alone.host_lives = true;
  EXPECT_EQ(recovery_of(host_alone, Ownership::kResumed), Recovery::kFollow);
}

TEST(Recovery, TellsTheLossOfWhatCannotBeStartedForDamage) {
  const FoundTask torn = without_dispatch(found(1));
  EXPECT_EQ(recovery_of(torn, Ownership::kResumed), Recovery::kFollow);
  EXPECT_EQ(recovery_of(torn, Ownership::kGivenUp), Recovery::kForget);
  EXPECT_THAT(reason_of_loss(torn), HasSubstr("cannot parse dispatch.json"));
}

TEST(Recovery, TellsTheEndOfATaskWhoseDispatchIsTorn) {
  EXPECT_EQ(recovery_of(without_dispatch(found_ended(1, success(1))), Ownership::kResumed), Recovery::kReport);
}

// Without its result it would run again.
TEST(Recovery, NeverStartsWhatHasAResultThatCannotBeRead) {
  FoundTask torn = found(1);
  torn.result_damaged = true;
  torn.damage = "cannot parse result.json";
  EXPECT_EQ(recovery_of(torn, Ownership::kResumed), Recovery::kFollow);
  EXPECT_EQ(reason_of_loss(torn), "task result lost: cannot parse result.json");
}

// --- Ended by its own host, as its worker was away for longer than the session lasts ---

TEST(Recovery, TellsNobodyOfAFencedEndUnlessNoMasterHasSeenTheWorkerGo) {
  TaskResult fenced = result_of(1, TaskState::kKill);
  fenced.fenced = true;
  EXPECT_EQ(recovery_of(found_ended(1, fenced), Ownership::kGivenUp), Recovery::kForget);
  EXPECT_EQ(recovery_of(found_ended(1, fenced), Ownership::kKept), Recovery::kForget);
  EXPECT_EQ(recovery_of(found_ended(1, fenced), Ownership::kResumed), Recovery::kReport) << "its master waits";
}

// --- What the engine makes of it ---

TEST(Restart, TellsWhatWasNotAcknowledgedAndGoesOn) {
  Driver driver(small_settings());
  driver.register_with({found_ended(1, success(1)), found_running(2), found(3)});
  EXPECT_THAT(driver.take(), ElementsAre("scan", "adopt 2", "save session", "listen", "start 3", "RESULT 1 7 to m:1",
                                         "RUNNING 2 to m:1", "RUNNING 3 to m:1"));
  driver.end(success(2), 1);
  EXPECT_THAT(driver.take(), ElementsAre("RESULT 2 7 to m:1"));
}

TEST(Restart, EndsWhatAnEarlierRunHadGivenUpAndTellsNobody) {
  Driver driver(small_settings());
  driver.register_with({abandoned(found_running(1))});
  EXPECT_THAT(driver.take(), ElementsAre("scan", "abandon 1", "adopt 1", "kill 1", "save session", "listen"));
  EXPECT_FALSE(driver.engine.idle());
  driver.end(success(1), 1);
  EXPECT_THAT(driver.take(), ElementsAre("forget 1"));
}

// Masters never acknowledge the end of what they have killed.
TEST(Restart, DoesNotTellForEverOfAKillThatAnEarlierRunWasOrdered) {
  Driver driver(small_settings());
  driver.register_with({found_ended(1, result_of(1, TaskState::kKill)), found_running(2)});
  driver.end(result_of(2, TaskState::kKill), 1);
  for (std::int64_t ms = 0; ms < 120'000; ms += 100) driver.wake(ms);
  const auto said = driver.take();
  EXPECT_EQ(std::count(said.begin(), said.end(), "RESULT 1 9 to m:1"), 3);
  EXPECT_EQ(std::count(said.begin(), said.end(), "RESULT 2 9 to m:1"), 3);
  EXPECT_EQ(std::count(said.begin(), said.end(), "forget 1"), 1);
  EXPECT_EQ(driver.engine.outbox().size(), 0U);
}

TEST(Restart, SaysTheSameResultToTheByte) {
  TaskResult result = success(1);
  result.start_time_ms = 10;
  result.end_time_ms = 20;
  std::vector<std::int64_t> times;
  for (const std::int64_t now : {0, 5000}) {
    Driver driver(small_settings());
    driver.register_with({found_ended(1, result)}, true, at(now));
    const auto& told = std::get<action::Send>(driver.actions.back());
    times.push_back(std::get<wire::TaskEnded>(told.message).addressing.send_time_ms);
  }
  EXPECT_THAT(times, ElementsAre(20, 20));
}

// Its RESULT had been told; then the file was damaged.
TEST(Restart, TellsNoRunningOfWhatHasNoLivingHost) {
  Driver driver(small_settings());
  FoundTask torn = ran();
  torn.result_damaged = true;
  driver.register_with({torn});
  EXPECT_THAT(driver.take(), ElementsAre("scan", "adopt 1", "save session", "listen"));
  driver.end(result_of(1, TaskState::kFailure), 1);
  EXPECT_THAT(driver.take(), ElementsAre("RESULT 1 6 to m:1"));
}

// The same, while its host was still about to end: it had a result once, so its masters may know it.
TEST(Restart, TellsNoRunningOfWhatHasHadAResult) {
  Driver driver(small_settings());
  FoundTask torn = found_running(1);
  torn.result_damaged = true;
  driver.register_with({torn});
  driver.on(event::AppId{1, "job_5"}, 1);
  driver.dispatch(task(1, "m:2"), 2);
  EXPECT_THAT(driver.take(), ElementsAre("scan", "adopt 1", "save session", "listen", "keep master of 1 m:2"));
  driver.end(result_of(1, TaskState::kFailure), 3);
  EXPECT_THAT(driver.take(), ElementsAre("RESULT 1 6 to m:2"));
}

// Its log said that its host had ended without a result, and nothing of the outage.
TEST(Restart, ATaskThatMastersHaveGivenToOthersEndsWithThatAsItsReason) {
  Driver driver(small_settings());
  FoundTask dead = found_running(1);
  dead.host_lives = false;
  driver.register_with({dead, abandoned(found_running(2))}, false);
  std::vector<std::string> reasons;
  for (const Action& action : driver.actions) {
    if (const auto* const adopt = std::get_if<action::Adopt>(&action)) reasons.push_back(adopt->reason);
    if (const auto* const cancel = std::get_if<action::Cancel>(&action)) reasons.push_back(cancel->reason);
  }
  const std::string away = "its worker was away for too long: masters run it elsewhere";
  const std::string before = "an earlier run of the worker had given it up: masters run it elsewhere";
  EXPECT_THAT(reasons, ElementsAre("given up: " + away + "; its task host had ended", away,
                                   "given up: " + before + "; its task host had ended", before));
}

// Neither its dispatch nor its master's address could be read.
TEST(Restart, KeepsTheEndOfATaskWhoseMasterIsUnknownForWhoeverAsks) {
  Driver driver(small_settings());
  FoundTask orphan = without_dispatch(found_running(1));
  orphan.task.dispatch.master.clear();
  driver.register_with({orphan});
  driver.end(success(1), 1);
  (void)driver.take();
  driver.wake(60'000);
  EXPECT_THAT(driver.take(), IsEmpty()) << "there is nobody to tell";
  driver.dispatch(task(1, "m:2"), 60'001);
  EXPECT_THAT(driver.take(), ElementsAre("keep master of 1 m:2", "RESULT 1 7 to m:2"));
}

}  // namespace
}  // namespace porpoise
