#include "engine/view.h"

#include "engine_driver.h"

namespace porpoise {
namespace {

TaskView of(const Driver& driver, std::int64_t id, std::int64_t ms = 0) {
  for (const TaskView& task : driver.engine.view(at(ms)).tasks)
    if (task.id == id) return task;
  ADD_FAILURE() << "no task " << id;
  return {};
}

class EngineViewTest : public testing::Test {
 protected:
  Driver driver{small_settings()};
  const std::size_t slots = driver.engine.view(at(0)).slots;
};

TEST_F(EngineViewTest, BeforeItIsRegisteredTheWorkerIsStarting) {
  EXPECT_EQ(driver.engine.view(at(0)).stage, WorkerStage::kStarting);
  driver.register_with({});
  EXPECT_EQ(driver.engine.view(at(0)).stage, WorkerStage::kWorking);
}

TEST_F(EngineViewTest, AWaitingTaskHasItsReasonAndItsPlace) {
  driver.register_with({});
  driver.disk_waits = true;
  driver.dispatch(task(40));
  EXPECT_EQ(of(driver, 40).waits_for, WaitsFor::kDisk);
  driver.stored(40);
  driver.disk_waits = false;
  EXPECT_EQ(of(driver, 40).waits_for, WaitsFor::kNothing);
  EXPECT_EQ(of(driver, 40).phase, TaskPhase::kRunning);
  driver.dispatch(delayed(41));
  EXPECT_EQ(of(driver, 41).waits_for, WaitsFor::kDelay);
  EXPECT_GT(of(driver, 41).due_mono_ms, 0);
  for (std::int64_t id = 1; driver.engine.running() < slots; ++id) driver.dispatch(task(id));
  driver.dispatch(task(42));
  EXPECT_EQ(of(driver, 42).waits_for, WaitsFor::kSlot);
  EXPECT_EQ(of(driver, 42).place, 1U);
}

TEST_F(EngineViewTest, ATaskSaysWhoAskedForItsEndAndWhatItsMasterHasNotAcknowledged) {
  driver.register_with({});
  driver.dispatch(task(1), 100);
  driver.kill(1, 7, 500, "master x:1");
  EXPECT_EQ(of(driver, 1).end_asked_mono_ms, 500);
  EXPECT_EQ(of(driver, 1).end_asked_by, "master x:1");
  EXPECT_EQ(of(driver, 1).since_mono_ms, 100);
  driver.end(result_of(1, TaskState::kKill), 900);
  const TaskView ended = of(driver, 1);
  EXPECT_EQ(ended.status, 9);
  EXPECT_EQ(ended.since_mono_ms, 900);
  ASSERT_TRUE(ended.untold);
  EXPECT_EQ(ended.untold->kind, MessageKind::kResult);
  EXPECT_EQ(ended.untold->sent, 1);
  driver.acknowledge(1, MessageKind::kResult, 950);
  EXPECT_TRUE(driver.engine.view(at(950)).tasks.empty());
}

TEST_F(EngineViewTest, AWorkerThatLeavesSaysUntilWhen) {
  driver.register_with({});
  driver.dispatch(task(1));
  driver.on(event::Terminated{}, 1'000);
  const EngineView view = driver.engine.view(at(1'000));
  EXPECT_EQ(view.stage, WorkerStage::kLeaving);
  EXPECT_GT(view.limit_mono_ms.value_or(0), 1'000);
}

}  // namespace
}  // namespace porpoise
