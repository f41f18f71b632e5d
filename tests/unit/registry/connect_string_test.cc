#include "registry/zookeeper_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

using testing::HasSubstr;

// "host:port host:port|chroot".
std::string read(const std::string& text) {
  const auto parsed = parse_connect_string(text);
  if (!parsed) return parsed.error().to_string();
  std::string all;
  for (const auto& server : parsed->servers)
    all += (all.empty() ? "" : " ") + server.host + ":" + std::to_string(server.port);
  return all + "|" + parsed->chroot;
}

TEST(ConnectString, NamesServersAndAChroot) {
  EXPECT_EQ(read("localhost:2181"), "localhost:2181|");
  EXPECT_EQ(read("zk-0:2182, zk-1:2183/a/b"), "zk-0:2182 zk-1:2183|/a/b");
  EXPECT_EQ(read("[::1]:2181,127.0.0.1"), "::1:2181 127.0.0.1:2181|");
}

TEST(ConnectString, ARootAsChrootIsNone) { EXPECT_EQ(read("a:1/"), "a:1|"); }

TEST(ConnectString, PortIsTheUsualOneWhenNotGiven) { EXPECT_EQ(read("zk"), "zk:2181|"); }

TEST(ConnectString, RefusesWhatIsNone) {
  for (const char* text : {"", ",", "a:1,", "a:0", "a:65536", "a:x", "a:1:2", ":2181", "[::1:2181", "/chroot", "a:1//b",
                           "a:1/b/", "a:1/../b", "a:1/b c"})
    EXPECT_THAT(read(text), HasSubstr("ZooKeeper connect string")) << text;
}

TEST(ConnectString, HasALimit) {
  std::string text = "a:1";
  for (int i = 0; i < 100; ++i) text += ",a:1";
  EXPECT_THAT(read(text), HasSubstr("too many servers"));
}

}  // namespace
}  // namespace porpoise
