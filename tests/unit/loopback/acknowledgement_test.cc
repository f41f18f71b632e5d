// The built worker between a real ZooKeeper and a master that acknowledges as it likes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/loopback/worker_case.h"

namespace porpoise {
namespace {

using support::WorkerMessage;
using wire::Command;

constexpr int kSuccess = 7;  // 3.1 `TaskExecutionStatus`
constexpr int kKilled = 9;

class Loopback : public WorkerCase {
 protected:
  void SetUp() override {
    WorkerCase::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) start();
  }
};

TEST_F(Loopback, ATaskIsToldRunningAndThenEnded) {
  master.dispatch({.task_instance_id = 7, .script = "echo hello"});
  const WorkerMessage* const result = master.wait_for(Command::kTaskExecuteResult, 7);
  ASSERT_NE(result, nullptr) << worker->log();
  EXPECT_EQ(result->json()["status"], kSuccess) << result->body;
  EXPECT_EQ(result->json()["messageReceiverAddress"], master.address());
  const WorkerMessage* const running = master.find(Command::kTaskExecuteRunning, 7);
  ASSERT_NE(running, nullptr);
  EXPECT_LE(running->at, result->at);
  // Both are acknowledged, so nothing of the task is kept.
  EXPECT_TRUE(master.wait_until([&] { return !std::filesystem::exists(worker->state_dir(7)); }));
}

TEST_F(Loopback, AResultWithoutAnAckComesAgainByteForByte) {
  master.acknowledge = [](const WorkerMessage& message) {
    return message.command == Command::kTaskExecuteResult && message.earlier < 2 ? support::kNoAck : support::Ack();
  };
  master.dispatch({.task_instance_id = 8, .script = "exit 3"});
  const WorkerMessage* const third = master.wait_for(Command::kTaskExecuteResult, 8, 2);
  ASSERT_NE(third, nullptr) << worker->log();
  EXPECT_EQ(third->body, master.find(Command::kTaskExecuteResult, 8, 0)->body);
  EXPECT_EQ(third->body, master.find(Command::kTaskExecuteResult, 8, 1)->body);
  EXPECT_TRUE(master.wait_until([&] { return !std::filesystem::exists(worker->state_dir(8)); }));
}

// Kill follows dispatch at once: for some of these tasks their host is still being launched, some wait for a slot.
TEST_F(Loopback, AKillThatComesWithTheDispatchEndsTheTask) {
  constexpr std::int64_t kFirst = 20;
  constexpr std::int64_t kLast = 39;
  for (std::int64_t id = kFirst; id <= kLast; ++id) {
    master.dispatch({.task_instance_id = id, .script = "sleep 600"});
    master.kill(id);
  }
  for (std::int64_t id = kFirst; id <= kLast; ++id) {
    const WorkerMessage* const result = master.wait_for(Command::kTaskExecuteResult, id);
    ASSERT_NE(result, nullptr) << "task " << id << "\n" << worker->log();
    EXPECT_EQ(result->json()["status"], kKilled) << result->body;
    EXPECT_NE(master.wait_for(Command::kTaskKillResponse, id), nullptr);
  }
}

}  // namespace
}  // namespace porpoise
