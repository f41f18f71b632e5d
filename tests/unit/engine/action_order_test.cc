#include "engine/action_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

AcceptedTask task(std::int64_t id) {
  AcceptedTask task;
  task.dispatch.context.task_instance_id = id;
  return task;
}

// The kinds and tasks of all that may be done now.
std::vector<std::string> ready(ActionOrder& order) {
  std::vector<std::string> texts;
  while (const auto action = order.next()) {
    const std::int64_t id = ActionOrder::task_of(*action);
    const char* kind = std::holds_alternative<action::Abandon>(*action)         ? "abandon"
                       : std::holds_alternative<action::Forget>(*action)        ? "forget"
                       : std::holds_alternative<action::Cancel>(*action)        ? "cancel"
                       : std::holds_alternative<action::Launch>(*action)        ? "launch"
                       : std::holds_alternative<action::RegisterAgain>(*action) ? "register"
                       : std::holds_alternative<action::AllowTakeover>(*action)
                           ? (std::get<action::AllowTakeover>(*action).allowed ? "save" : "unsave")
                           : "other";
    texts.push_back(id == 0 ? kind : kind + std::string(" ") + std::to_string(id));
  }
  return texts;
}

TEST(ActionOrder, KeepsTheOrderOfOneTaskAndHoldsUpNoOther) {
  ActionOrder order;
  order.push({action::Abandon{1}, action::Cancel{1, "", true}, action::Launch{task(2)}});
  EXPECT_THAT(ready(order), ElementsAre("abandon 1", "launch 2"));
  order.push({action::Forget{1}, action::Launch{task(1)}});
  EXPECT_THAT(ready(order), IsEmpty());
  order.done(1);
  EXPECT_THAT(ready(order), ElementsAre("cancel 1", "forget 1"));
  order.done(1);
  EXPECT_THAT(ready(order), ElementsAre("launch 1"));
  EXPECT_EQ(order.unfinished(), 0U);
}

// A later run would otherwise take the session over and believe in a disk that is not as far.
TEST(ActionOrder, SavesTheSessionWhenTheDiskIsAsFarAsTheEngine) {
  ActionOrder order;
  order.push({action::Forget{1}, action::Forget{2}, action::AllowTakeover{true}, action::RegisterAgain{}});
  EXPECT_THAT(ready(order), ElementsAre("forget 1", "forget 2"));
  order.done(1);
  EXPECT_THAT(ready(order), IsEmpty());
  order.push({action::Forget{3}});
  order.done(2);
  EXPECT_THAT(ready(order), ElementsAre("forget 3", "save", "register")) << "what came later is not waited for";
}

TEST(ActionOrder, ForgetsASessionAtOnceAndForGood) {
  ActionOrder order;
  order.push({action::Forget{1}, action::AllowTakeover{true}});
  EXPECT_THAT(ready(order), ElementsAre("forget 1"));
  order.push({action::AllowTakeover{false}});
  EXPECT_THAT(ready(order), ElementsAre("unsave"));
  order.done(1);
  EXPECT_THAT(ready(order), IsEmpty());
}

}  // namespace
}  // namespace porpoise
