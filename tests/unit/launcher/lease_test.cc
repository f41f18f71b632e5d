// Tasks whose worker may be dead: their hosts go by its lease.
#include "taskdir/liveness.h"

#include <limits>

#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

class LeaseTest : public testing::Test {
 protected:
  LeaseTest() {
    run.settings.lease = run.folder() / "lease";
    run.settings.die_with_requester = false;
  }
  void renew(std::int64_t for_ms) {
    const std::int64_t now = boottime_ms();
    const std::string text = encode(Lease{boot_id(), now, now + for_ms});
    ASSERT_TRUE(write_file(run.settings.lease, text, 0600, Durability::kAtomic));
  }
  void start_and_wait(const std::string& script) {
    run.script(script).start();
    ASSERT_TRUE(run.wait_for_log("ready")) << run.log();
  }

  TaskRun run;
};

TEST_F(LeaseTest, ATaskEndsAsFencedWhenItsWorkerDoesNotRenewIt) {
  renew(1500);
  start_and_wait("trap 'echo cleaned up; exit 3' TERM; echo ready; while :; do sleep 0.02; done");
  const TaskResult result = run.finish();
  EXPECT_TRUE(result.fenced);
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_EQ(result.message,
            "fenced: the worker has not renewed its lease for 2 s, by when its masters give the task to others");
  EXPECT_THAT(run.log(), HasSubstr("cleaned up"));
  EXPECT_THAT(run.log(), HasSubstr("has not renewed its lease"));
  EXPECT_TRUE(run.stored_result()->fenced);
  EXPECT_THAT(run.alive(), IsEmpty());
}

TEST_F(LeaseTest, WhatIgnoresSigtermIsKilledWhenTheGraceIsOver) {
  renew(1000);
  start_and_wait("trap '' TERM; echo ready; while :; do sleep 1; done");
  EXPECT_TRUE(run.finish().fenced);
  EXPECT_THAT(run.alive(), IsEmpty());
}

TEST_F(LeaseTest, ATaskGoesOnForAsLongAsItIsRenewed) {
  renew(600);
  const auto gate = run.folder() / "go";
  start_and_wait("echo ready; while [ ! -e " + gate.string() + " ]; do sleep 0.02; done");
  const auto begin = std::chrono::steady_clock::now();
  run.wait_until([&] {
    renew(600);
    return std::chrono::steady_clock::now() - begin > milliseconds(1500);
  });
  ASSERT_TRUE(write_file(gate, "", 0600, Durability::kAtomic));
  EXPECT_EQ(run.finish().state, TaskState::kSuccess) << run.log();
}

// A disk that fails, or a file that is being written, must not end tasks by itself.
TEST_F(LeaseTest, OneThatWasNeverReadableEndsNothing) {
  ASSERT_TRUE(write_file(run.settings.lease, "lease 1 boot", 0600, Durability::kAtomic));
  EXPECT_EQ(run.script("sleep 0.3").run().state, TaskState::kSuccess) << run.log();
}

TEST_F(LeaseTest, OneThatIsKeptNeverRunsOut) {
  const Lease kept{boot_id(), 1, std::numeric_limits<std::int64_t>::max()};
  ASSERT_TRUE(write_file(run.settings.lease, encode(kept), 0600, Durability::kAtomic));
  EXPECT_EQ(run.script("sleep 0.3").run().state, TaskState::kSuccess) << run.log();
}

}  // namespace
}  // namespace porpoise
