#include "engine/task_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Moment at(std::int64_t ms) { return {1'000'000 + ms, ms}; }

// Writes down what the table wants, one line each.
class Recorder : public TaskEffects {
 public:
  bool keep(std::int64_t, std::string_view) override { return disk_works; }
  void keep_master(const AcceptedTask& task) override {
    note("keep master of " + std::to_string(task.id()) + " " + task.dispatch.master);
  }
  void start(const AcceptedTask& task) override { note("start " + std::to_string(task.id())); }
  void cancel(const AcceptedTask& task, const std::string&, bool at_once) override {
    note((at_once ? "kill " : "cancel ") + std::to_string(task.id()));
  }
  void record(const AcceptedTask& task, const TaskResult& result) override {
    note("record " + std::to_string(task.id()) + " " + std::string(to_string(result.state)));
  }
  void abandon(std::int64_t id) override { note("abandon " + std::to_string(id)); }
  void forget(std::int64_t id) override { note("forget " + std::to_string(id)); }
  void send(std::optional<Outbox::Key>, const MasterMessage& message) override {
    std::visit([this](const auto& m) { tell(m); }, message);
  }
  void answer_kill(ReplyTo asker, const wire::KillAnswer& answer) override {
    note("answer " + std::to_string(asker) + " " + answer.status);
  }
  void gave_up(Outbox::Key key) override { note("gave up " + std::to_string(key.task_instance_id)); }

  bool disk_works = true;

  std::vector<std::string> take() { return std::exchange(notes_, {}); }

 private:
  void tell(const wire::TaskRunning& m) {
    note("RUNNING " + std::to_string(m.task_instance_id) + " to " + m.addressing.receiver);
  }
  void tell(const wire::TaskEnded& m) {
    note("RESULT " + std::to_string(m.task_instance_id) + " " + std::to_string(m.status) + " to " +
         m.addressing.receiver);
  }
  void tell(const wire::TaskRejected& m) { note("REJECT " + std::to_string(m.task_instance_id)); }
  void note(std::string text) { notes_.push_back(std::move(text)); }

  std::vector<std::string> notes_;
};

AcceptedTask task(std::int64_t id, const std::string& master = "m:1") {
  AcceptedTask task;
  task.dispatch.master = master;
  task.dispatch.context.task_instance_id = id;
  task.dispatch.context.task_type = "SHELL";
  return task;
}

AcceptedTask delayed(std::int64_t id) {
  AcceptedTask later = task(id);
  later.dispatch.context.first_submit_time_ms = at(0).wall_ms;
  later.dispatch.context.delay_minutes = 1;
  return later;
}

TaskResult success(std::int64_t id) {
  TaskResult result;
  result.task_instance_id = id;
  result.state = TaskState::kSuccess;
  return result;
}

using Admission = TaskTable::Admission;

class TaskTableTest : public testing::Test {
 protected:
  TaskTableTest() { table.open(); }
  TableSettings settings() const { return {.address = "w:1234", .slots = 2, .max_waiting = 2}; }
  void accept(std::int64_t id, std::int64_t ms = 0) { ASSERT_EQ(dispatch(task(id), ms), Admission::kAccepted); }
  Admission dispatch(AcceptedTask task, std::int64_t ms = 0) {
    const Admission admission = table.dispatch(std::move(task), "", at(ms));
    table.tick(at(ms));
    return admission;
  }
  void end(std::int64_t id, TaskResult result, std::int64_t ms = 0) {
    table.ended(id, result, at(ms));
    table.tick(at(ms));
  }
  Recorder effects;
  TaskTable table{settings(), effects};
};

TEST_F(TaskTableTest, RunsReportsAndForgetsWhenTheEndIsAcknowledged) {
  accept(1);
  EXPECT_THAT(effects.take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
  table.acknowledge({1, MessageKind::kRunning});
  end(1, success(1));
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 7 to m:1"));
  table.acknowledge({1, MessageKind::kResult});
  EXPECT_THAT(effects.take(), ElementsAre("forget 1"));
  EXPECT_TRUE(table.idle());
}

TEST_F(TaskTableTest, GivesSlotsInTheOrderOfArrival) {
  for (const std::int64_t id : {1, 2, 3, 4}) accept(id);
  EXPECT_THAT(effects.take(), ElementsAre("start 1", "RUNNING 1 to m:1", "start 2", "RUNNING 2 to m:1"));
  end(2, success(2));
  EXPECT_THAT(effects.take(), ElementsAre("start 3", "RESULT 2 7 to m:1", "RUNNING 3 to m:1"));
}

TEST_F(TaskTableTest, ADispatchThatComesTwiceRunsOnce) {
  accept(1);
  (void)effects.take();
  EXPECT_EQ(dispatch(task(1, "m:2"), 1), Admission::kKnown);
  EXPECT_THAT(effects.take(), ElementsAre("keep master of 1 m:2", "RUNNING 1 to m:2"));
  end(1, success(1), 2);
  table.acknowledge({1, MessageKind::kResult});
  (void)effects.take();
  EXPECT_EQ(dispatch(task(1, "m:2"), 3), Admission::kKnown) << "also after its end";
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 7 to m:2"));
}

TEST_F(TaskTableTest, IsFullWhenMoreWaitThanItMayHold) {
  for (std::int64_t id = 1; id <= 5; ++id) accept(id);
  (void)effects.take();
  EXPECT_EQ(dispatch(task(6)), Admission::kFull);
  EXPECT_THAT(effects.take(), ElementsAre("REJECT 6"));
  table.acknowledge({6, MessageKind::kReject});
  EXPECT_THAT(effects.take(), IsEmpty());
}

TEST_F(TaskTableTest, WhatCannotBeWrittenToDiskIsRejected) {
  effects.disk_works = false;
  EXPECT_EQ(dispatch(task(1)), Admission::kNotKept);
  EXPECT_THAT(effects.take(), ElementsAre("REJECT 1"));
}

TEST_F(TaskTableTest, NothingIsTakenOrStartedBeforeItIsOpened) {
  Recorder nothing;
  TaskTable closed(settings(), nothing);
  EXPECT_EQ(closed.dispatch(task(1), "", at(0)), Admission::kClosed);
  closed.acknowledge({1, MessageKind::kReject});
  closed.recover(task(2), std::nullopt, at(0));
  closed.tick(at(0));
  EXPECT_THAT(nothing.take(), IsEmpty());
  closed.open();
  closed.tick(at(0));
  EXPECT_THAT(nothing.take(), ElementsAre("start 2", "RUNNING 2 to m:1"));
}

TEST_F(TaskTableTest, TellsTheDelayOnceAndStartsWhenItIsOver) {
  dispatch(delayed(1));
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 12 to m:1"));
  EXPECT_EQ(table.next_wakeup_mono_ms(at(0)), 60'000);
  table.tick(at(59'999));
  EXPECT_THAT(effects.take(), IsEmpty());
  table.tick(at(60'000));
  EXPECT_THAT(effects.take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
}

// It waited by the wall clock: for hours when that was set back.
TEST_F(TaskTableTest, ADelayIsAsLongAsAskedForWhereverTheClockJumps) {
  dispatch(delayed(1));
  (void)effects.take();
  constexpr std::int64_t kHour = 3'600'000;
  table.tick({at(0).wall_ms + kHour, 59'999});
  EXPECT_THAT(effects.take(), IsEmpty());
  table.tick({at(0).wall_ms - kHour, 60'000});
  EXPECT_THAT(effects.take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
  TaskTable restarted(settings(), effects);
  restarted.recover(delayed(1), std::nullopt, {at(0).wall_ms - kHour, 0});
  restarted.open();
  EXPECT_EQ(restarted.next_wakeup_mono_ms(at(0)), 60'000);
}

TEST_F(TaskTableTest, AnswersAKillWhenTheTreeIsDead) {
  accept(1);
  (void)effects.take();
  table.kill(1, 55, at(1));
  EXPECT_THAT(effects.take(), ElementsAre("cancel 1"));
  TaskResult killed;
  killed.state = TaskState::kKill;
  end(1, killed, 2);
  EXPECT_THAT(effects.take(), ElementsAre("answer 55 SUCCESS", "RESULT 1 9 to m:1"));
}

TEST_F(TaskTableTest, AnswersAKillOfAnUnknownTask) {
  table.kill(99, 5, at(0));
  EXPECT_THAT(effects.take(), ElementsAre("answer 5 KILL"));
}

TEST_F(TaskTableTest, AKilledTaskThatWaitsNeverStarts) {
  for (const std::int64_t id : {1, 2, 3}) accept(id);
  (void)effects.take();
  table.kill(3, 5, at(1));
  table.tick(at(1));
  EXPECT_THAT(effects.take(), ElementsAre("record 3 KILL", "answer 5 KILL", "RESULT 3 9 to m:1"));
  end(1, success(1), 2);
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 7 to m:1"));
}

TEST_F(TaskTableTest, AHostUpdateMovesAllThatIsSaidLater) {
  accept(1);
  (void)effects.take();
  table.update_host(1, "m:2", at(1));
  table.tick(at(1));
  EXPECT_THAT(effects.take(), ElementsAre("keep master of 1 m:2", "RUNNING 1 to m:2"));
  end(1, success(1), 2);
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 7 to m:2"));
}

TEST_F(TaskTableTest, AppIdsAreToldWhileTheTaskRuns) {
  accept(1);
  (void)effects.take();
  table.app_id(1, "job_5", at(1));
  table.tick(at(1));
  EXPECT_THAT(effects.take(), ElementsAre("RUNNING 1 to m:1"));
}

TEST_F(TaskTableTest, ADryRunTellsNothingButItsEnd) {
  AcceptedTask dry = task(1);
  dry.dispatch.context.dry_run = true;
  dispatch(dry);
  EXPECT_THAT(effects.take(), ElementsAre("start 1"));
}

TEST_F(TaskTableTest, DrainGivesBackWhatWaitsAndLetsTheRestFinish) {
  for (const std::int64_t id : {1, 2, 3}) accept(id);
  (void)effects.take();
  table.drain(at(1));
  table.tick(at(1));
  EXPECT_THAT(effects.take(), ElementsAre("forget 3", "REJECT 3"));
  EXPECT_EQ(dispatch(task(4), 1), Admission::kClosed);
  EXPECT_THAT(effects.take(), ElementsAre("REJECT 4"));
  EXPECT_FALSE(table.idle());
  end(1, success(1), 2);
  end(2, success(2), 2);
  EXPECT_TRUE(table.idle());
}

TEST_F(TaskTableTest, FencedTasksEndWithoutAWord) {
  for (const std::int64_t id : {1, 2, 3}) accept(id);
  table.kill(1, 5, at(1));
  (void)effects.take();
  table.fence("expired");
  EXPECT_THAT(effects.take(), ElementsAre("forget 3", "abandon 1", "kill 1", "abandon 2", "kill 2"));
  end(1, success(1), 2);
  end(2, success(2), 2);
  EXPECT_THAT(effects.take(), ElementsAre("answer 5 SUCCESS", "forget 1", "forget 2"));
  EXPECT_TRUE(table.idle());
  EXPECT_EQ(table.outbox().size(), 0U);
  table.open();
  EXPECT_EQ(dispatch(task(4), 2), Admission::kAccepted);
}

TEST_F(TaskTableTest, ADispatchOfAFencedTaskIsRejectedLikeAnyOther) {
  accept(1);
  table.fence("expired");
  (void)effects.take();
  EXPECT_EQ(dispatch(task(1), 1), Admission::kClosed);
  EXPECT_THAT(effects.take(), ElementsAre("REJECT 1"));
}

// RUNNING was told of it, and waited for an ACK long after the task was forgotten.
TEST_F(TaskTableTest, AFencedTaskThatNamesARemoteJobStaysUntold) {
  accept(1);
  table.fence("expired");
  (void)effects.take();
  table.app_id(1, "job_5", at(1));
  table.tick(at(1));
  EXPECT_THAT(effects.take(), IsEmpty());
}

TEST_F(TaskTableTest, WhatAnEarlierRunHadGivenUpIsEndedAndNotTold) {
  AcceptedTask given_up = task(1);
  given_up.phase = TaskPhase::kRunning;
  given_up.abandoned = true;
  table.recover(given_up, std::nullopt, at(0));
  table.tick(at(0));
  EXPECT_THAT(effects.take(), ElementsAre("kill 1"));
  EXPECT_FALSE(table.idle());
  end(1, success(1), 1);
  EXPECT_THAT(effects.take(), ElementsAre("forget 1"));
}

// A 3.1 master acknowledges DELAY as if it were the RESULT, and the RESULT was dropped.
TEST_F(TaskTableTest, TheAckOfADelayIsNotTakenForThatOfTheResult) {
  dispatch(delayed(1));
  table.kill(1, 5, at(1));
  table.tick(at(1));
  (void)effects.take();
  table.acknowledge({1, MessageKind::kResult});
  EXPECT_THAT(effects.take(), IsEmpty());
  table.tick(at(2001));
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 9 to m:1"));
  table.acknowledge({1, MessageKind::kResult});
  EXPECT_THAT(effects.take(), ElementsAre("forget 1"));
}

TEST_F(TaskTableTest, ARestartTellsWhatWasNotAcknowledgedAndGoesOn) {
  AcceptedTask ended = task(1);
  ended.phase = TaskPhase::kEnded;
  AcceptedTask running = task(2);
  running.phase = TaskPhase::kRunning;
  table.recover(ended, success(1), at(0));
  table.recover(running, std::nullopt, at(0));
  table.recover(task(3), std::nullopt, at(0));
  table.tick(at(0));
  EXPECT_THAT(effects.take(), ElementsAre("start 3", "RESULT 1 7 to m:1", "RUNNING 2 to m:1", "RUNNING 3 to m:1"));
  end(2, success(2), 1);
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 2 7 to m:1"));
}

// Masters never acknowledge the end of what they have killed.
TEST_F(TaskTableTest, AKillThatAnEarlierRunWasOrderedIsNotToldForEver) {
  TaskResult killed = success(1);
  killed.state = TaskState::kKill;
  AcceptedTask ended = task(1);
  ended.phase = TaskPhase::kEnded;
  AcceptedTask running = task(2);
  running.phase = TaskPhase::kRunning;
  table.recover(ended, killed, at(0));
  table.recover(running, std::nullopt, at(0));
  killed.task_instance_id = 2;
  end(2, killed, 1);
  for (std::int64_t ms = 0; ms < 120'000; ms += 100) table.tick(at(ms));
  const auto said = effects.take();
  EXPECT_EQ(std::count(said.begin(), said.end(), "RESULT 1 9 to m:1"), 3);
  EXPECT_EQ(std::count(said.begin(), said.end(), "RESULT 2 9 to m:1"), 3);
  EXPECT_EQ(std::count(said.begin(), said.end(), "forget 1"), 1);
  EXPECT_EQ(table.outbox().size(), 0U);
}

TEST_F(TaskTableTest, SaysTheSameResultToTheByteAfterARestart) {
  TaskResult result = success(1);
  result.start_time_ms = 10;
  result.end_time_ms = 20;
  struct Keep : Recorder {
    void send(std::optional<Outbox::Key>, const MasterMessage& message) override {
      last = std::get<wire::TaskEnded>(message);
    }
    wire::TaskEnded last;
  };
  std::vector<std::int64_t> times;
  for (const std::int64_t now : {0, 5000}) {
    Keep keep;
    TaskTable other(settings(), keep);
    AcceptedTask ended = task(1);
    ended.phase = TaskPhase::kEnded;
    other.recover(ended, result, at(now));
    other.tick(at(now));
    times.push_back(keep.last.addressing.send_time_ms);
  }
  EXPECT_THAT(times, ElementsAre(20, 20));
}

}  // namespace
}  // namespace porpoise
