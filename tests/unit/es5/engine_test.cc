#include "es5/engine.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace porpoise {
namespace {

TEST(Arena, GivesAlignedBlocksThatDoNotOverlap) {
  Arena arena(1U << 20U);
  char* const first = static_cast<char*>(arena.allocate(100));
  char* const second = static_cast<char*>(arena.allocate(100));
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 16, 0U);
  std::memset(first, 'a', 100);
  std::memset(second, 'b', 100);
  EXPECT_EQ(first[99], 'a');
  EXPECT_EQ(second[0], 'b');
}

TEST(Arena, KeepsTheContentWhenABlockGrows) {
  Arena arena(1U << 20U);
  char* const small = static_cast<char*>(arena.allocate(5));
  std::memcpy(small, "1234", 5);
  const char* const large = static_cast<const char*>(arena.reallocate(small, 5000));
  ASSERT_NE(large, nullptr);
  EXPECT_STREQ(large, "1234");
}

TEST(Arena, UsesReleasedBlocksAgain) {
  Arena arena(4096);
  for (int i = 0; i < 1000; ++i) {
    void* const block = arena.allocate(2000);
    ASSERT_NE(block, nullptr) << i;
    arena.release(block);
  }
  EXPECT_FALSE(arena.refused());
}

TEST(Arena, NeverGoesOverItsLimit) {
  Arena arena(1U << 16U);
  EXPECT_EQ(arena.allocate(1U << 20U), nullptr);
  EXPECT_TRUE(arena.refused());
  std::size_t given = 0;
  while (arena.allocate(1000) != nullptr) given += 1000;
  EXPECT_GT(given, 30000U);
  EXPECT_LE(given, std::size_t{1} << 16U);
}

TEST(Arena, AnswersTheEdgesLikeMalloc) {
  Arena arena(4096);
  EXPECT_EQ(arena.allocate(0), nullptr);
  arena.release(nullptr);
  void* const block = arena.reallocate(nullptr, 10);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(arena.reallocate(block, 0), nullptr);
  EXPECT_FALSE(arena.refused());
  EXPECT_EQ(arena.allocate(SIZE_MAX), nullptr);
}

}  // namespace
}  // namespace porpoise
