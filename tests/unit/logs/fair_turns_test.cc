// A peer with sixty connections had sixty times the turns of another one.
#include "logs/fair_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace porpoise {
namespace {

using testing::ElementsAre;
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
