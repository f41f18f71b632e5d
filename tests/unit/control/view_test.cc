#include "control/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

constexpr Moment kNow{1'000'000, 500'000};

EngineView two_slots() {
  EngineView engine;
  engine.slots = engine.running = 2;
  return engine;
}

TEST(ControlView, SpansAreShortAndOfTwoUnitsAtMost) {
  EXPECT_EQ(span_in_words(-5), "0 s");
  EXPECT_EQ(span_in_words(59'999), "59 s");
  EXPECT_EQ(span_in_words(180'000), "3 min");
  EXPECT_EQ(span_in_words(7'500'000), "2 h 5 min");
  EXPECT_EQ(span_in_words(273'600'000), "3 d 4 h");
}

TEST(ControlView, AWaitingTaskSaysForWhat) {
  TaskView task;
  task.waits_for = WaitsFor::kSlot;
  task.place = 12;
  EXPECT_EQ(state_in_words(two_slots(), task, kNow), "waits: 2 of 2 slots, 12th in the queue");
  task.waits_for = WaitsFor::kDelay;
  task.due_mono_ms = kNow.mono_ms + 90'000;
  EXPECT_EQ(state_in_words(two_slots(), task, kNow), "waits: delayed for another 1 min");
  EXPECT_STREQ(state_of(task), "waiting");
}

TEST(ControlView, ARunningTaskSaysHowLongAndWhoAskedForItsEnd) {
  TaskView task;
  task.phase = TaskPhase::kRunning;
  task.start_time_ms = kNow.wall_ms - 180'000;
  EXPECT_EQ(state_in_words(two_slots(), task, kNow), "runs 3 min");
  task.end_asked_mono_ms = kNow.mono_ms - 4'000;
  task.end_asked_by = "master 10.0.0.1:5678";
  EXPECT_EQ(state_in_words(two_slots(), task, kNow), "ending: asked 4 s ago by master 10.0.0.1:5678");
  EXPECT_STREQ(state_of(task), "ending");
}

TEST(ControlView, AnEndedTaskSaysWhomItTellsAndHowOften) {
  TaskView task;
  task.phase = TaskPhase::kEnded;
  task.status = 9;
  task.master = "m:5678";
  task.untold = Outbox::Standing{MessageKind::kResult, 3, 0, kNow.mono_ms - 9'000, kNow.mono_ms + 2'000};
  EXPECT_EQ(state_in_words(two_slots(), task, kNow), "ended: KILL; tells master m:5678, 3rd time");
  task.untold->unreachable = 1;
  EXPECT_EQ(state_in_words(two_slots(), task, kNow), "ended: KILL; master m:5678 cannot be reached since 9 s");
}

TEST(ControlView, TheJsonOfATaskHasWhatIsKnownAndNothingElse) {
  WorkerView view;
  view.now = kNow;
  view.engine = two_slots();
  TaskView task;
  task.id = 17;
  task.phase = TaskPhase::kRunning;
  task.since_mono_ms = kNow.mono_ms - 1'000;
  task.start_time_ms = kNow.wall_ms - 1'000;
  task.type = "SHELL";
  view.engine.tasks = {task};
  view.hosts = {{17, 4711}};
  const OrderedJson json = tasks_json(view);
  EXPECT_EQ(json["protocol"], "porpoise.control/1");
  EXPECT_EQ(dump_json(json["tasks"]),
            R"([{"id":17,"state":"running","says":"runs 1 s","since":999000,"type":"SHELL","startTime":999000,)"
            R"("hostPid":4711}])");
}

TEST(ControlView, TheStatusSaysHowLongADrainMayTake) {
  WorkerView view;
  view.now = kNow;
  view.engine = two_slots();
  view.engine.stage = WorkerStage::kDraining;
  EXPECT_FALSE(status_json(view).contains("endsIn"));
  view.engine.limit_mono_ms = kNow.mono_ms + 5'000;
  const OrderedJson json = status_json(view);
  EXPECT_EQ(json["state"], "draining");
  EXPECT_EQ(json["endsIn"], 5'000);
  EXPECT_EQ(json["slots"]["used"], 2);
}

}  // namespace
}  // namespace porpoise
