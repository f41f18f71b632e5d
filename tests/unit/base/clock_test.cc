#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace porpoise {
namespace {

constexpr std::int64_t kJanuary = 1673776800;  // 2023-01-15T10:00:00Z
constexpr std::int64_t kJuly = 1689415200;     // 2023-07-15T10:00:00Z

TEST(TimeZone, TheProcessUsesTheZoneThatIsNamed) {
  if (!std::filesystem::exists("/usr/share/zoneinfo/Europe/Berlin")) GTEST_SKIP() << "this machine has no zone files";
  ASSERT_TRUE(use_time_zone("Europe/Berlin"));
  const TimeZone zone = system_time_zone();
  EXPECT_EQ(zone.id, "Europe/Berlin");
  EXPECT_EQ(zone.utc_offset(kJanuary), std::chrono::hours(1));
  EXPECT_EQ(zone.utc_offset(kJuly), std::chrono::hours(2));
  ASSERT_TRUE(use_time_zone("UTC"));
  EXPECT_EQ(zone.utc_offset(kJuly), std::chrono::hours(0));
}

TEST(TimeZone, AnUnknownZoneIsAnErrorThatNamesIt) {
  ASSERT_TRUE(use_time_zone("UTC"));
  for (const char* const id : {"Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe"}) {
    const Status status = use_time_zone(id);
    ASSERT_FALSE(status) << id;
    EXPECT_NE(status.error().message().find(id), std::string::npos);
  }
  EXPECT_STREQ(std::getenv("TZ"), "UTC");
}

TEST(TimeZone, AnEmptyNameChangesNothing) {
  ASSERT_TRUE(use_time_zone("UTC"));
  EXPECT_TRUE(use_time_zone(""));
  EXPECT_STREQ(std::getenv("TZ"), "UTC");
}

}  // namespace
}  // namespace porpoise
