#include "engine/membership_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "engine/recovery.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Writes down what is wanted, one word each.
class Recorder : public MembershipEffects {
 public:
  void recover(Ownership ownership) override {
    note(ownership == Ownership::kResumed ? "recover ours" : ownership == Ownership::kKept ? "keep" : "recover to end");
  }
  void allow_takeover(bool allowed) override { note(allowed ? "save session" : "forget session"); }
  void fence(const std::string&) override { note("fence"); }
  void open() override { note("open"); }
  void listen() override { note("listen"); }
  void register_again() override { note("register"); }
  std::vector<std::string> take() { return std::exchange(notes_, {}); }

 private:
  void note(std::string text) { notes_.push_back(std::move(text)); }
  std::vector<std::string> notes_;
};

class StandingTest : public testing::Test {
 protected:
  Recorder effects;
  MembershipState standing{false, effects};
};

TEST_F(StandingTest, AResumedSessionGoesOnWithItsTasks) {
  standing.registered(true);
  EXPECT_THAT(effects.take(), ElementsAre("recover ours", "save session", "open", "listen"));
}

// A later run that resumed the new session would otherwise take tasks for its own that masters run elsewhere.
TEST_F(StandingTest, ANewSessionIsNotSavedBeforeTheTasksOfTheLastAreDead) {
  standing.registered(false);
  EXPECT_THAT(effects.take(), ElementsAre("recover to end", "forget session", "fence"));
  standing.fenced();
  EXPECT_THAT(effects.take(), ElementsAre("save session", "open", "listen"));
}

TEST_F(StandingTest, AnExpiredSessionIsFencedBeforeTheWorkerRegistersAgainAndTakesTasks) {
  standing.registered(true);
  (void)effects.take();
  standing.expired();
  EXPECT_THAT(effects.take(), ElementsAre("forget session", "fence"));
  standing.fenced();
  EXPECT_THAT(effects.take(), ElementsAre("register"));
  standing.registered(false);
  EXPECT_THAT(effects.take(), ElementsAre("save session", "open"));
}

// It was registered, and deaf for good.
TEST_F(StandingTest, ASessionThatExpiresWhileTasksAreFencedDoesNotLeaveTheWorkerDeaf) {
  standing.registered(false);
  standing.expired();
  (void)effects.take();
  standing.fenced();
  EXPECT_THAT(effects.take(), ElementsAre("register"));
  standing.registered(false);
  EXPECT_THAT(effects.take(), ElementsAre("save session", "open", "listen"));
}

// They ran on until ZooKeeper could be reached again.
TEST_F(StandingTest, TasksOfASessionThatEndsBeforeARestartedWorkerIsRegisteredAreEnded) {
  standing.expired();
  EXPECT_THAT(effects.take(), ElementsAre("recover to end", "forget session", "fence"));
  standing.fenced();
  EXPECT_THAT(effects.take(), ElementsAre("register"));
  standing.registered(false);
  EXPECT_THAT(effects.take(), ElementsAre("save session", "open", "listen"));
}

// They ran on, although masters ran them elsewhere.
TEST_F(StandingTest, AnExpiredSessionIsFencedAlsoWhenTheWorkerLeaves) {
  standing.registered(true);
  standing.leave();
  (void)effects.take();
  standing.expired();
  EXPECT_THAT(effects.take(), ElementsAre("forget session", "fence"));
  standing.fenced();
  EXPECT_THAT(effects.take(), IsEmpty());
}

TEST_F(StandingTest, KeptTasksSurviveTheSession) {
  MembershipState keeps(true, effects);
  keeps.registered(false);
  EXPECT_THAT(effects.take(), ElementsAre("keep", "save session", "open", "listen"));
  keeps.expired();
  EXPECT_THAT(effects.take(), ElementsAre("register"));
}

TEST_F(StandingTest, AWorkerThatEndsItsTasksLeavesNothingToTakeOver) {
  standing.registered(true);
  (void)effects.take();
  standing.end();
  EXPECT_THAT(effects.take(), ElementsAre("forget session"));
}

constexpr RecoveredState kRan{.requested = true, .host_began = true};
constexpr RecoveredState kEnded{.requested = true, .host_began = true, .ended = true};

TEST(Recovery, GoesOnWhereTheTaskWas) {
  for (const Ownership ownership : {Ownership::kResumed, Ownership::kKept}) {
    EXPECT_EQ(recovery_of({}, ownership), Recovery::kStart);
    EXPECT_EQ(recovery_of(kRan, ownership), Recovery::kFollow);
    EXPECT_EQ(recovery_of(kEnded, ownership), Recovery::kReport);
  }
}

// It was recorded as lost.
TEST(Recovery, StartsWhatWasAboutToStartWhenTheWorkerWasKilled) {
  EXPECT_EQ(recovery_of({.requested = true}, Ownership::kResumed), Recovery::kStart);
  EXPECT_EQ(recovery_of({.requested = true}, Ownership::kKept), Recovery::kFollow)
      << "a power cut may have hidden that it ran";
}

// They were started, then ended at once.
TEST(Recovery, StartsNothingThatMastersRunElsewhere) {
  EXPECT_EQ(recovery_of({}, Ownership::kGivenUp), Recovery::kForget);
  EXPECT_EQ(recovery_of(kRan, Ownership::kGivenUp), Recovery::kEnd);
  EXPECT_EQ(recovery_of(kEnded, Ownership::kGivenUp), Recovery::kReport) << "it may spare a rerun";
}

TEST(Recovery, NeverTellsOfWhatAnEarlierRunHadGivenUp) {
  for (const Ownership ownership : {Ownership::kResumed, Ownership::kKept, Ownership::kGivenUp}) {
    EXPECT_EQ(recovery_of({.abandoned = true}, ownership), Recovery::kForget);
    EXPECT_EQ(recovery_of({.abandoned = true, .requested = true, .host_began = true}, ownership), Recovery::kEnd);
    EXPECT_EQ(recovery_of({.abandoned = true, .requested = true, .host_began = true, .ended = true}, ownership),
              Recovery::kForget);
  }
}

}  // namespace
}  // namespace porpoise
