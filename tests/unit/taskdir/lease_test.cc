#include "taskdir/liveness.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/file.h"
#include "process/process_info.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

const Lease kLease{"0f0e0d0c-0b0a-0908-0706-050403020100", 123456, 183456};

TEST(Lease, IsReadAsItWasWritten) {
  const auto again = decode_lease(encode(kLease));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, kLease);
}

TEST(Lease, HasOneLengthWhateverItSays) {
  const Lease longest{boot_id(), std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(encode(longest).size(), encode(kLease).size());
  EXPECT_EQ(decode_lease(encode(longest)).value_or(Lease{}), longest);
}

// It is written over the one before, so a reader may see the beginning of the new and the end of the old.
TEST(Lease, APartOfTheNextOneIsNotTakenForIt) {
  Lease next = kLease;
  next.renewed_ms += 987654;
  next.expires_ms += 987654;
  const std::string before = encode(kLease);
  const std::string after = encode(next);
  for (std::size_t cut = 0; cut <= before.size(); ++cut) {
    const auto seen = decode_lease(after.substr(0, cut) + before.substr(cut));
    EXPECT_TRUE(!seen || *seen == kLease || *seen == next) << cut;
  }
}

TEST(Lease, OfAnotherBootSaysNothing) {
  const support::TempFolder folder("lease");
  const std::filesystem::path file = folder.path() / "lease";
  ASSERT_TRUE(write_file(file, encode(kLease), 0600, Durability::kAtomic));
  const auto lease = read_lease(file);
  ASSERT_FALSE(lease);
  EXPECT_NE(lease.error().to_string().find("of another boot"), std::string::npos);
}

TEST(Lease, NonsenseIsAnError) {
  for (const char* text : {"", "lease 1", "lease 1 boot x renewed 1 expires 2", "\xff\xff"})
    EXPECT_FALSE(decode_lease(text)) << text;
}

}  // namespace
}  // namespace porpoise
