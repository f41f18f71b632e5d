#include "taskhost/channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "taskhost/limits.h"

namespace porpoise {
namespace {

class ChannelEnds : public testing::Test {
 protected:
  std::pair<Channel, Channel> ends = *Channel::make_pair();
};

TEST_F(ChannelEnds, CarryPacketsWhole) {
  const std::string value(kMaxPacketTextBytes, 'v');
  ASSERT_TRUE(
      ends.second.send({.kind = PacketKind::kVariable, .number = -7, .code = 9, .first = "name", .second = value}));
  const auto packet = ends.first.receive(false);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->kind, PacketKind::kVariable);
  EXPECT_EQ(packet->number, -7);
  EXPECT_EQ(packet->code, 9);
  EXPECT_EQ(packet->first, "name");
  EXPECT_EQ(packet->second, value);
  EXPECT_EQ(ends.first.receive(false).error(), Channel::End::kNothingNow);
}

TEST_F(ChannelEnds, RefuseWhatIsTooLarge) {
  EXPECT_FALSE(ends.second.send({.kind = PacketKind::kLog, .first = std::string(kMaxPacketBytes, 'x')}));
}

TEST_F(ChannelEnds, SkipGarbage) {
  const std::uint32_t lie[] = {0, 0, 0, 0xffffffffU};  // a first text of 4 GiB
  ASSERT_EQ(::send(ends.second.fd(), lie, sizeof lie, 0), static_cast<ssize_t>(sizeof lie));
  ASSERT_EQ(::send(ends.second.fd(), "short", 5, 0), 5);
  ASSERT_TRUE(ends.second.send({.kind = PacketKind::kOutput, .first = "good"}));
  const auto packet = ends.first.receive(false);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->first, "good");
}

TEST_F(ChannelEnds, KnowWhenTheOtherIsGone) {
  ends.second.close();
  EXPECT_EQ(ends.first.receive(true).error(), Channel::End::kClosed);
  EXPECT_FALSE(ends.first.send({.kind = PacketKind::kCancel}));
}

}  // namespace
}  // namespace porpoise
