// That the checker sees what it is there to see.
#include "simulation/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace porpoise::simulation {
namespace {

using testing::HasSubstr;

Event on(What what, std::int64_t id = 1, std::string text = "", std::int64_t number = 0) {
  return {0, what, id, number, std::move(text), "m:0"};
}

// The promise that the last event of `history` breaks; empty when none is broken, "early" when another event did it.
std::string broken_at_last(const History& history) {
  const auto violation = find_violation(history, {.keep_tasks = false, .max_age_ms = 1000});
  if (!violation) return "";
  return violation->event + 1 == history.size() ? violation->promise : "early: " + violation->promise;
}

History run_to_result() {
  return {on(What::kAccepted), on(What::kSpawned), on(What::kBegan), on(What::kDied), on(What::kResult)};
}

TEST(Checker, IsContentWithALifeAsItShouldBe) {
  History history = run_to_result();
  for (const What what : {What::kToldResult, What::kHeard, What::kAcknowledged, What::kForgotten, What::kEnd})
    history.push_back(on(what, what == What::kEnd ? 0 : 1));
  EXPECT_EQ(broken_at_last(history), "");
}

TEST(Checker, SeesTwoExecutions) {
  EXPECT_THAT(broken_at_last({on(What::kAccepted), on(What::kSpawned), on(What::kBegan), on(What::kBegan)}),
              HasSubstr("at most one"));
  History again = run_to_result();
  again.push_back(on(What::kBegan));
  EXPECT_THAT(broken_at_last(again), HasSubstr("executed once"));
}

TEST(Checker, SeesAResultThatIsNotOnDiskOrChanges) {
  EXPECT_THAT(broken_at_last({on(What::kAccepted), on(What::kToldResult)}), HasSubstr("on disk before"));
  History changed = run_to_result();
  changed.push_back(on(What::kToldResult, 1, "SUCCESS"));
  changed.push_back(on(What::kToldResult, 1, "FAILURE"));
  EXPECT_THAT(broken_at_last(changed), HasSubstr("the same to the byte"));
}

TEST(Checker, SeesRunningAfterResultWhoeverHearsIt) {
  for (const char* const peer : {"m:0", "m:1"}) {
    History late = run_to_result();
    late.push_back(on(What::kToldResult));
    late.back().text = "SUCCESS";
    late.push_back(on(What::kMaster));
    late.back().peer = peer;
    late.push_back(on(What::kToldRunning));
    late.back().peer = peer;
    EXPECT_THAT(broken_at_last(late), HasSubstr("never told after RESULT")) << peer;
  }
}

TEST(Checker, SeesATaskThatIsForgottenTooEarlyOrNeverEnds) {
  EXPECT_THAT(broken_at_last({on(What::kAccepted), on(What::kForgotten)}), HasSubstr("is kept until"));
  EXPECT_THAT(broken_at_last({on(What::kAccepted), on(What::kEnd, 0)}), HasSubstr("has an end"));
}

TEST(Checker, SeesAKillThatIsNotAnsweredOrAnsweredWhileTheTaskLives) {
  EXPECT_THAT(broken_at_last({on(What::kKill, 9, "", 5), on(What::kEnd, 0)}), HasSubstr("kill is answered"));
  EXPECT_THAT(broken_at_last({on(What::kAccepted), on(What::kSpawned), on(What::kBegan), on(What::kKill, 1, "", 5),
                              on(What::kKillAnswer, 1, "", 5)}),
              HasSubstr("after its kill was answered"));
}

TEST(Checker, SeesWhatMastersRunElsewhere) {
  const History expired = {on(What::kRegistered, 0, "", 1), on(What::kAccepted), on(What::kSpawned), on(What::kBegan),
                           on(What::kFence, 0)};
  for (const What what : {What::kToldRunning, What::kToldResult, What::kSaved}) {
    History history = expired;
    history.push_back(on(what, what == What::kSaved ? 0 : 1));
    EXPECT_THAT(broken_at_last(history), HasSubstr("masters run elsewhere")) << to_string(what);
  }
  History resumed = expired;
  resumed.push_back(on(What::kCrash, 0));
  resumed.push_back(on(What::kRegistered, 0, "", 1));
  EXPECT_THAT(broken_at_last(resumed), HasSubstr("not resumed"));
}

}  // namespace
}  // namespace porpoise::simulation
