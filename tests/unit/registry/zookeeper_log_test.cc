#include "registry/zookeeper_handle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace porpoise {
namespace {

TEST(ZookeeperLog, LosesTimeThreadAndPlaceOfALine) {
  EXPECT_EQ(strip_log_prefix("2024-01-31 12:00:00,123:7(0x7f00):ZOO_WARN@zookeeper_interest@2561: Delaying: a\n"),
            "Delaying: a");
  EXPECT_EQ(strip_log_prefix("plain"), "plain");
}

TEST(ZookeeperLog, SaysWhyAServerWasNotReached) {
  EXPECT_EQ(connection_problem("Socket 127.0.0.1:1 zk retcode=-4, errno=111(Connection refused): server refused to "
                               "accept the client"),
            "127.0.0.1:1: Connection refused");
  EXPECT_EQ(connection_problem("Socket ::1:2181 zk retcode=-7, errno=110(Connection timed out): connection to ::1:2181 "
                               "timed out (exceeded timeout by 1ms)"),
            "::1:2181: Connection timed out");
}

TEST(ZookeeperLog, OtherLinesAreNoReason) {
  for (const char* line :
       {"", "Socket", "Socket a zk retcode=-4", "Socket a zk retcode=-4, errno=111",
        "Authentication scheme digest succeeded",
        "Socket 127.0.0.1:2181 zk retcode=-112, errno=116(Stale file handle): sessionId=0x1 has expired."})
    EXPECT_EQ(connection_problem(line), "") << line;
}

TEST(ZookeeperLog, IsHeardByEverybodyWhoListensNow) {
  std::vector<std::string> first;
  std::vector<std::string> second;
  const ZookeeperLog log([&](std::string line) { first.push_back(std::move(line)); });
  {
    const ZookeeperLog other([&](std::string line) { second.push_back(std::move(line)); });
    ZookeeperLog::callback()("one");
  }
  ZookeeperLog::callback()("two");
  EXPECT_EQ(first, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(second, (std::vector<std::string>{"one"}));
}

}  // namespace
}  // namespace porpoise
