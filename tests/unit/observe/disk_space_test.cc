#include "observe/disk_space.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "support/run_until.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

TEST(DiskSpace, IsKnownOfEachFolderThatIsThere) {
  boost::asio::io_context io;
  const support::TempFolder folder("disk-space");
  const DiskSpace disks(io, {{"data", folder.path()}, {"log", folder.path() / "missing"}});
  EXPECT_TRUE(disks.rooms().empty()) << "nothing waits for it";
  ASSERT_TRUE(support::run_until(io, [&] { return !disks.rooms().empty(); }));
  EXPECT_EQ(disks.rooms().size(), 1U);
  const DiskSpace::Room room = disks.rooms().at("data");
  EXPECT_GT(room.size_bytes, 0U);
  EXPECT_LE(room.free_bytes, room.size_bytes);
  EXPECT_EQ(disks.hung(), 0U);
}

}  // namespace
}  // namespace porpoise
