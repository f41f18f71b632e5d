// Thousands of seeded runs of the worker's rules in a hostile world, each checked against its promises.
//
//   PORPOISE_SEED=4711 simulation_test    that run alone, with its history
//   PORPOISE_SEEDS=1000000 simulation_test    as many runs
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "simulation/world.h"

namespace porpoise::simulation {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr std::uint64_t kSeeds = 500;
#else
constexpr std::uint64_t kSeeds = 10'000;
#endif
constexpr std::size_t kEventsShown = 60;
constexpr std::uint64_t kEnoughForEverything = 200;
constexpr What kEverything[] = {
    What::kAccepted,     What::kKnown,      What::kRefused,  What::kRejected,    What::kSpawned,
    What::kBegan,        What::kDied,       What::kResult,   What::kToldRunning, What::kToldResult,
    What::kToldDelay,    What::kToldReject, What::kHeard,    What::kHeardReject, What::kForgotten,
    What::kAcknowledged, What::kAbandoned,  What::kGaveUp,   What::kKill,        What::kKillAnswer,
    What::kUnwanted,     What::kCrash,      What::kPowerCut, What::kLeft,        What::kRegistered,
    What::kExpired,      What::kFence,      What::kTorn,     What::kPong,        What::kTurnedAway};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string describe(const History& history, std::size_t end, std::size_t count) {
  std::string text;
  for (std::size_t i = end > count ? end - count : 0; i < end; ++i) text += to_string(history[i]) + "\n";
  return text;
}

TEST(Simulation, KeepsEveryPromiseUnderEverySeed) {
  const std::uint64_t only = number_from("PORPOISE_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : number_from("PORPOISE_SEEDS", kSeeds);
  std::map<What, std::uint64_t> seen;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    World world(seed);
    world.run();
    const History& history = world.history();
    const auto violation = find_violation(history, world.promises());
    if (only != 0) std::cout << describe(history, history.size(), history.size());
    ASSERT_FALSE(violation) << "broken: " << violation->promise << "\n\nThe last events until then:\n"
                            << describe(history, violation->event + 1, kEventsShown)
                            << "\nReplay it with\n  PORPOISE_SEED=" << seed << " " << testing::internal::GetArgvs()[0];
    for (const Event& event : history) ++seen[event.what];
  }
  // What never happens proves nothing.
  if (only != 0 || last < kEnoughForEverything) return;
  for (const What what : kEverything) EXPECT_GT(seen[what], 0U) << to_string(what);
}

// What the checker cannot see does not count as kept. The first that breaks, or whether `promise` does.
std::string promise_broken_by(Defect defect, const std::string& promise = "") {
  constexpr std::uint64_t kEnough = 400;
  for (std::uint64_t seed = 1; seed <= kEnough; ++seed) {
    World world(seed, defect);
    world.run();
    const auto violation = find_violation(world.history(), world.promises());
    if (violation && (promise.empty() || violation->promise == promise)) return violation->promise;
  }
  return "";
}

TEST(Simulation, NoticesADiskThatKeepsNothing) { EXPECT_NE(promise_broken_by(Defect::kDiskLies), ""); }

// A task whose dispatch was torn ran on as an orphan; a kill of it was answered as if it were dead.
TEST(Simulation, NoticesATornDispatchThatIsPutAside) { EXPECT_NE(promise_broken_by(Defect::kPutsAsideTorn), ""); }

// One directory service that took 8 s to answer ended every task.
TEST(Simulation, NoticesALoopThatWaitsForANameService) {
  EXPECT_EQ(promise_broken_by(Defect::kLoopWaits), "the worker answers whatever its adapters wait for");
}

// A second worker on the folder of one that lived failed all of its tasks.
TEST(Simulation, NoticesTwoWorkersOnOneFolder) {
  const std::string doubled = "at most one execution of a task is alive";
  EXPECT_EQ(promise_broken_by(Defect::kSharesFolder, doubled), doubled);
}

// A task could not be killed any more when its host hung.
TEST(Simulation, NoticesAHostThatHangsAndIsLeftToItself) { EXPECT_NE(promise_broken_by(Defect::kTrustsHosts), ""); }

}  // namespace
}  // namespace porpoise::simulation
