#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/network_address.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

bool has(std::string_view ranges, std::string_view address) {
  const auto parsed = AddressRanges::parse(ranges);
  const auto ip = parse_ip(address);
  EXPECT_TRUE(parsed) << ranges;
  EXPECT_TRUE(ip) << address;
  return parsed && ip && parsed->contains(*ip);
}

TEST(AddressRanges, HoldAnAddressOrAllThatShareItsFirstBits) {
  EXPECT_TRUE(has("10.0.0.7", "10.0.0.7"));
  EXPECT_FALSE(has("10.0.0.7", "10.0.0.8"));
  EXPECT_TRUE(has("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(has("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(has("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(has("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(has("fd00::/8", "fdab::1"));
  EXPECT_FALSE(has("fd00::/8", "fe80::1"));
  EXPECT_TRUE(has("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(has("0.0.0.0/0", "fd00::1")) << "of IPv4 only";
}

TEST(AddressRanges, AreListedWithCommas) {
  EXPECT_TRUE(has("10.0.0.7, 127.0.0.1", "127.0.0.1"));
  EXPECT_TRUE(has(" 10.0.0.7,127.0.0.0/8 ", "127.9.9.9"));
  EXPECT_FALSE(has("10.0.0.7,127.0.0.1", "10.0.0.8"));
}

TEST(AddressRanges, OfNobodyAndOfAnybody) {
  EXPECT_FALSE(has("", "127.0.0.1"));
  EXPECT_FALSE(has("none", "127.0.0.1"));
  EXPECT_TRUE(has("any", "127.0.0.1"));
  EXPECT_TRUE(has("any", "fe80::1"));
}

TEST(AddressRanges, KnowAnIPv4AddressThatComesAsIPv6) { EXPECT_TRUE(has("10.0.0.0/8", "::ffff:10.1.2.3")); }

TEST(AddressRanges, NameWhatIsNone) {
  for (const char* const text : {"10.0.0", "10.0.0.1/33", "::1/129", "10.0.0.1/", "10.0.0.1/-1", "host", "10.0.0.1:80",
                                 "10.0.0.1,,10.0.0.2", "10.0.0.1,", "any,10.0.0.1", "fe80::1%eth0"}) {
    const auto parsed = AddressRanges::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalid);
    EXPECT_THAT(parsed.error().to_string(), HasSubstr("\"")) << text;
  }
}

}  // namespace

namespace {

TEST(ParseHostPort, WantsExactlyOneColonAndAPort) {
  EXPECT_EQ(parse_host_port("a.b:1234")->host, "a.b");
  EXPECT_EQ(parse_host_port("a.b:1234")->port, 1234);
  for (const char* const wrong : {"", ":", "a", "a:", ":1", "a:0", "a:65536", "a:1:2", "::1", "a:1x"})
    EXPECT_FALSE(parse_host_port(wrong)) << wrong;
}

TEST(ParseHostPort, RefusesWhatDoesNotBelongInALog) {
  for (const char* const wrong : {"a b:1", "a\n:1", "\xc3\xa9:1", " a:1"})
    EXPECT_FALSE(parse_host_port(wrong)) << wrong;
}

}  // namespace

}  // namespace porpoise
