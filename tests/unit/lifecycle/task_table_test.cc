#include "lifecycle/task_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Moment at(std::int64_t ms) { return {1'000'000 + ms, ms}; }

// Writes down what the table wants, one line each.
class Recorder : public TaskEffects {
 public:
  void start(const AcceptedTask& task) override { note("start " + std::to_string(task.id())); }
  void cancel(const AcceptedTask& task, const std::string&, bool at_once) override {
    note((at_once ? "kill " : "cancel ") + std::to_string(task.id()));
  }
  void record(const AcceptedTask& task, const TaskResult& result) override {
    note("record " + std::to_string(task.id()) + " " + std::string(to_string(result.state)));
  }
  void forget(std::int64_t id) override { note("forget " + std::to_string(id)); }
  void send(std::optional<Outbox::Key>, const MasterMessage& message) override {
    std::visit([this](const auto& m) { tell(m); }, message);
  }
  void answer_kill(ReplyTo asker, const wire::KillAnswer& answer) override {
    note("answer " + std::to_string(asker) + " " + answer.status);
  }
  void gave_up(Outbox::Key key) override { note("gave up " + std::to_string(key.task_instance_id)); }

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

AcceptedTask task(std::int64_t id) {
  AcceptedTask task;
  task.dispatch.master = "m:1";
  task.dispatch.context.task_instance_id = id;
  task.dispatch.context.task_type = "SHELL";
  return task;
}

TaskResult success(std::int64_t id) {
  TaskResult result;
  result.task_instance_id = id;
  result.state = TaskState::kSuccess;
  return result;
}

class TaskTableTest : public testing::Test {
 protected:
  TableSettings settings() const { return {.address = "w:1234", .slots = 2, .max_waiting = 2}; }
  void accept(std::int64_t id, std::int64_t ms = 0) {
    ASSERT_EQ(table.admit(id), TaskTable::Admission::kNew);
    table.accept(task(id), at(ms));
    table.tick(at(ms));
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
  EXPECT_EQ(table.admit(1), TaskTable::Admission::kKnown);
  table.accept_again(1, "m:2", at(1));
  table.tick(at(1));
  EXPECT_THAT(effects.take(), ElementsAre("RUNNING 1 to m:2"));
  end(1, success(1), 2);
  table.acknowledge({1, MessageKind::kResult});
  (void)effects.take();
  EXPECT_EQ(table.admit(1), TaskTable::Admission::kKnown) << "also after its end";
  table.accept_again(1, "m:2", at(3));
  table.tick(at(3));
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 7 to m:2"));
}

TEST_F(TaskTableTest, IsFullWhenMoreWaitThanItMayHold) {
  for (std::int64_t id = 1; id <= 5; ++id) accept(id);
  EXPECT_EQ(table.admit(6), TaskTable::Admission::kFull);
  (void)effects.take();
  table.reject(task(6).dispatch, at(0));
  table.tick(at(0));
  EXPECT_THAT(effects.take(), ElementsAre("REJECT 6"));
  table.acknowledge({6, MessageKind::kReject});
  EXPECT_THAT(effects.take(), IsEmpty());
}

TEST_F(TaskTableTest, TellsTheDelayOnceAndStartsWhenItIsOver) {
  AcceptedTask delayed = task(1);
  delayed.due_wall_ms = at(60'000).wall_ms;
  table.accept(delayed, at(0));
  table.tick(at(0));
  EXPECT_THAT(effects.take(), ElementsAre("RESULT 1 12 to m:1"));
  EXPECT_EQ(table.next_wakeup_mono_ms(at(0)), 60'000);
  table.tick(at(59'999));
  EXPECT_THAT(effects.take(), IsEmpty());
  table.tick(at(60'000));
  EXPECT_THAT(effects.take(), ElementsAre("start 1", "RUNNING 1 to m:1"));
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
  EXPECT_THAT(effects.take(), ElementsAre("RUNNING 1 to m:2"));
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
  table.accept(dry, at(0));
  table.tick(at(0));
  EXPECT_THAT(effects.take(), ElementsAre("start 1"));
}

TEST_F(TaskTableTest, DrainGivesBackWhatWaitsAndLetsTheRestFinish) {
  for (const std::int64_t id : {1, 2, 3}) accept(id);
  (void)effects.take();
  table.drain(at(1));
  table.tick(at(1));
  EXPECT_THAT(effects.take(), ElementsAre("forget 3", "REJECT 3"));
  EXPECT_EQ(table.admit(4), TaskTable::Admission::kClosed);
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
  EXPECT_THAT(effects.take(), ElementsAre("forget 3", "kill 1", "kill 2"));
  end(1, success(1), 2);
  end(2, success(2), 2);
  EXPECT_THAT(effects.take(), ElementsAre("answer 5 SUCCESS", "forget 1", "forget 2"));
  EXPECT_TRUE(table.idle());
  EXPECT_EQ(table.outbox().size(), 0U);
  table.open();
  EXPECT_EQ(table.admit(4), TaskTable::Admission::kNew);
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
