#include "engine/outbox.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

namespace porpoise {
namespace {

constexpr std::size_t kMiB = 1U << 20U;

wire::TaskEnded large(std::int64_t id) {
  wire::TaskEnded message;
  message.task_instance_id = id;
  message.status = 7;
  message.log_path = "/var/log/porpoise/20261130/9099679207488_4-12-34.log";
  message.execute_path = "/var/lib/porpoise/data/exec/process/etl/7/9099679207488_4/12/34";
  message.app_ids = std::string(2000, 'a');
  message.var_pool = PropertyList(30, Property{.prop = "p", .value = std::string(4000, 'x')});
  return message;
}

// Forty acknowledged tasks with large parameters kept 304 MiB.
TEST(RecentResults, FourThousandLargeOnesTakeLessThan16MiB) {
  const std::size_t before = ::mallinfo2().uordblks;
  RecentResults recent;
  for (std::int64_t id = 1; id <= 4096; ++id) recent.remember(large(id));
  EXPECT_LT(recent.bytes(), 16 * kMiB);
  const std::size_t after = ::mallinfo2().uordblks;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  (void)before, (void)after;  // its allocator is not malloc's
#else
  EXPECT_LT(after - before, 16 * kMiB);
#endif
  ASSERT_NE(recent.find(1), nullptr);
  EXPECT_EQ(recent.find(1)->status, 7);
  EXPECT_EQ(recent.find(1)->log_path, large(1).log_path);
  EXPECT_FALSE(recent.find(1)->var_pool) << "its state is what is kept";
  EXPECT_EQ(recent.find(4096)->var_pool, large(1).var_pool) << "the last ones are told to the byte as before";
}

TEST(RecentResults, ForgetsTheOldestFirst) {
  RecentResults recent;
  for (std::int64_t id = 1; id <= 5000; ++id) recent.remember(large(id));
  EXPECT_EQ(recent.find(904), nullptr);
  EXPECT_NE(recent.find(905), nullptr);
}

TEST(RecentResults, OneThatIsRememberedAgainCountsOnce) {
  RecentResults recent;
  for (int i = 0; i < 10'000; ++i) recent.remember(large(1));
  EXPECT_LT(recent.bytes(), kMiB);
  for (std::int64_t id = 2; id <= 6000; ++id) recent.remember(large(id));
  EXPECT_EQ(recent.find(1), nullptr);
  EXPECT_LT(recent.bytes(), 16 * kMiB);
}

}  // namespace
}  // namespace porpoise
