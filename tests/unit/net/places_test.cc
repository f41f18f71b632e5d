// Who stays when there are too many connections: a thousand idle strangers kept a new master out.
#include "net/places.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

using std::chrono::seconds;
using Time = std::chrono::steady_clock::time_point;

class Places : public testing::Test {
 protected:
  static IpBytes address(std::uint8_t number) {
    IpBytes bytes{};
    bytes.back() = number;
    return bytes;
  }
  Place& add(std::uint8_t peer, Acquaintance acquaintance, int silent_s = 0) {
    places.push_back({places.size() + 1, address(peer), acquaintance, true, 0, now - seconds(silent_s)});
    return places.back();
  }
  Entry comes(std::uint8_t peer, Acquaintance acquaintance) const {
    return enter(places, address(peer), acquaintance, limits);
  }

  const Time now = Time() + seconds(1000);
  PlaceLimits limits{.most = 8, .most_of_a_peer = 4};
  std::vector<Place> places;
};

TEST_F(Places, AreFreeForAnybodyAtFirst) {
  const Entry entry = comes(1, Acquaintance::kStranger);
  EXPECT_TRUE(entry.allowed);
  EXPECT_FALSE(entry.leaves);
}

TEST_F(Places, OfStrangersLeaveSomeForMasters) {
  for (std::uint8_t i = 0; i < 6; ++i) add(i, Acquaintance::kStranger, i);
  EXPECT_EQ(comes(9, Acquaintance::kStranger).leaves, 6U) << "the one that was silent longest";
  EXPECT_FALSE(comes(9, Acquaintance::kMastersAddress).leaves);
}

TEST_F(Places, OfStrangersGoToAMasterFirst) {
  add(1, Acquaintance::kMaster, 500);
  add(2, Acquaintance::kMastersAddress, 400);
  for (std::uint8_t i = 3; i < 9; ++i) add(i, Acquaintance::kStranger, i);
  EXPECT_EQ(comes(9, Acquaintance::kMastersAddress).leaves, 8U);
}

TEST_F(Places, OfThoseThatNeverSpokeGoBeforeOthers) {
  for (std::uint8_t i = 0; i < 6; ++i) add(i, Acquaintance::kStranger, 10);
  places[2].has_spoken = false;
  places[2].last_traffic = now;
  EXPECT_EQ(comes(9, Acquaintance::kStranger).leaves, 3U);
}

// A master that had not spoken yet lost its place to a hundred that came from its address and said nothing.
TEST_F(Places, OfACrowdThatSaysNothingGoBeforeThoseThatWereThereOrHaveJustCome) {
  limits = {.most = 8, .most_of_a_peer = 8};
  for (int i = 0; i < 8; ++i) add(1, Acquaintance::kMastersAddress, 100 - i).has_spoken = false;
  const auto leaves = comes(1, Acquaintance::kMastersAddress).leaves;
  ASSERT_TRUE(leaves);
  EXPECT_EQ(*leaves, places[4].id);
}

TEST_F(Places, OfMastersGoToNobody) {
  for (std::uint8_t i = 0; i < 8; ++i) add(i, Acquaintance::kMaster, i);
  EXPECT_FALSE(comes(9, Acquaintance::kMastersAddress).allowed);
  EXPECT_FALSE(comes(9, Acquaintance::kStranger).allowed);
}

TEST_F(Places, OfOnePeerAreFew) {
  for (int i = 0; i < 4; ++i) add(1, Acquaintance::kStranger, 10 - i);
  EXPECT_EQ(comes(1, Acquaintance::kStranger).leaves, 1U);
  EXPECT_FALSE(comes(2, Acquaintance::kStranger).leaves);
}

// Somebody else on a master's machine had all the places of its address.
TEST_F(Places, OfOthersOnAMastersMachineDoNotKeepItOut) {
  for (int i = 0; i < 4; ++i) add(1, i == 0 ? Acquaintance::kMaster : Acquaintance::kMastersAddress, 10 - i);
  EXPECT_EQ(comes(1, Acquaintance::kMastersAddress).leaves, 2U);
}

TEST_F(Places, AreLeftByStrangersWhenAllHoldTooMuch) {
  add(1, Acquaintance::kMaster, 500).held_bytes = 100;
  add(2, Acquaintance::kStranger, 1).held_bytes = 1;
  add(3, Acquaintance::kStranger, 900);
  EXPECT_EQ(holder_to_leave(places, false), 2U) << "the one that was silent longest holds nothing";
  places[1].held_bytes = 0;
  EXPECT_EQ(holder_to_leave(places, false), 1U);
  EXPECT_EQ(holder_to_leave(places, true), std::nullopt);
}

}  // namespace
}  // namespace porpoise
