#include "replay/task_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace porpoise {
namespace {

using ::testing::ElementsAre;

struct Grants {
  std::vector<std::string> names;
  std::function<void()> to(const std::string& name) {
    return [this, name] { names.push_back(name); };
  }
};

TEST(Slots, GrantsNoMoreThanThereAre) {
  Grants grants;
  Slots slots(2);
  for (const char* name : {"a", "b", "c"}) slots.request(2, grants.to(name));
  EXPECT_THAT(grants.names, ElementsAre("a", "b"));
  slots.release();
  EXPECT_THAT(grants.names, ElementsAre("a", "b", "c"));
}

TEST(Slots, ServesTheHighestPriorityFirstAndThenTheOldest) {
  Grants grants;
  Slots slots(1);
  slots.request(2, grants.to("running"));
  slots.request(4, grants.to("lowest"));
  slots.request(2, grants.to("medium"));
  slots.request(0, grants.to("highest"));
  slots.request(0, grants.to("highest too"));
  for (int i = 0; i < 4; ++i) slots.release();
  EXPECT_THAT(grants.names, ElementsAre("running", "highest", "highest too", "medium", "lowest"));
}

TEST(Slots, ForgetsWhoGaveUpWaiting) {
  Grants grants;
  Slots slots(1);
  const auto running = slots.request(2, grants.to("running"));
  const auto waiting = slots.request(2, grants.to("waiting"));
  slots.cancel(waiting);
  slots.cancel(running);
  slots.release();
  EXPECT_THAT(grants.names, ElementsAre("running"));
  slots.request(2, grants.to("next"));
  EXPECT_THAT(grants.names, ElementsAre("running", "next")) << "the slot was free";
}

}  // namespace
}  // namespace porpoise
