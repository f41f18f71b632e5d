#include "base/host_port.h"

#include <gtest/gtest.h>

namespace porpoise {
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
