// Task hosts that do not answer: stopped from outside, or by the task itself.
#include <signal.h>

#include "taskdir/liveness.h"
#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TaskRun& impatient(TaskRun& run) {
  run.settings.patience = {milliseconds(300), milliseconds(700)};
  run.request.kill_grace = milliseconds(200);
  return run;
}

void start_and_wait(TaskRun& run, const std::string& script) {
  run.script(script).start();
  ASSERT_TRUE(run.wait_for_log("ready")) << run.log();
}

// A requester that is killed: it starts the task in a child process, which then ends without a word.
void start_die_and_adopt(TaskRun& run, const std::string& script, const std::function<void()>& before_adoption = {}) {
  run.settings.die_with_requester = false;
  run.script(script);
  const pid_t child = ::fork();
  if (child == 0) {
    boost::asio::io_context io;
    const auto started = TaskProcess::start({io, run.settings}, run.request, run.state_dir(), run);
    ::_exit(started ? 0 : 1);  // no destructor runs
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(run.wait_for_log("ready")) << run.log();
  if (before_adoption) before_adoption();
  auto adopted = run.adopted();
  ASSERT_TRUE(adopted && *adopted);
  run.task = *std::move(adopted);
  run.host_pid = static_cast<pid_t>(run.task->pid());
  run.io.restart();
}

TEST(HungHost, IsEndedWhenItHasNotAnsweredTwoQuestions) {
  TaskRun run;
  start_and_wait(impatient(run), "setsid sleep 600 & echo ready; sleep 600");
  ::kill(run.host_pid, SIGSTOP);
  const TaskResult result = run.finish();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_EQ(result.message, "the task host did not answer for 0.6 s and was ended");
  EXPECT_THAT(run.hung, ElementsAre("the task host did not answer for 0.6 s"));
  EXPECT_THAT(run.alive(), IsEmpty());
  EXPECT_THAT(run.log(), HasSubstr("did not answer"));
  EXPECT_TRUE(run.stored_when_told);
}

// It made its task unkillable, and its time limit without effect.
TEST(HungHost, OfATaskThatStopsItIsEnded) {
  TaskRun run;
  impatient(run).script("read -ra stat < /proc/self/stat; kill -STOP ${stat[5]}; sleep 600").start();
  EXPECT_EQ(run.finish().state, TaskState::kFailure);
  EXPECT_THAT(run.result->message, HasSubstr("did not answer"));
  EXPECT_THAT(run.alive(), IsEmpty());
}

TEST(HungHost, DoesNotHoldUpAKill) {
  TaskRun run;
  impatient(run).settings.patience.question = std::chrono::hours(1);
  start_and_wait(run, "echo ready; sleep 600");
  ::kill(run.host_pid, SIGSTOP);
  run.task->cancel("killed by order of its master");
  const TaskResult result = run.finish();
  EXPECT_EQ(result.state, TaskState::kKill);
  EXPECT_THAT(result.message, HasSubstr("cancelled: killed by order of its master; the task host"));
  EXPECT_THAT(run.alive(), IsEmpty());
}

// The worker was not registered again for grace and 20 s after its session had ended.
TEST(HungHost, DoesNotHoldUpTheEndOfATaskThatMastersRunElsewhere) {
  TaskRun run;
  run.settings.patience = {std::chrono::hours(1), std::chrono::hours(1), milliseconds(300)};
  run.request.kill_grace = std::chrono::hours(1);
  start_and_wait(run, "setsid sleep 600 & echo ready; sleep 600");
  ::kill(run.host_pid, SIGSTOP);
  run.task->cancel("killed by order of its master");
  run.task->give_up("masters run it elsewhere");
  const TaskResult result = run.finish();
  EXPECT_EQ(result.state, TaskState::kKill);
  EXPECT_THAT(result.message, HasSubstr("did not answer for 0.3 s when its task was given up"));
  EXPECT_THAT(run.alive(), IsEmpty());
}

TEST(HungHost, IsNotOneThatGivesAGivenUpTaskItsGrace) {
  TaskRun run;
  run.settings.patience.given_up = milliseconds(200);
  run.request.kill_grace = std::chrono::seconds(30);
  start_and_wait(run, "trap 'sleep 1; echo cleaned up; exit' TERM; echo ready; sleep 600 & wait");
  run.task->give_up("masters run it elsewhere");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.hung, IsEmpty());
  EXPECT_THAT(run.log(), HasSubstr("cleaned up"));
}

TEST(HungHost, DoesNotHoldUpATimeLimit) {
  TaskRun run;
  impatient(run).settings.patience.question = std::chrono::hours(1);
  run.request.timeout = milliseconds(1000);
  start_and_wait(run, "echo ready; sleep 600");
  ::kill(run.host_pid, SIGSTOP);
  const TaskResult result = run.finish();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_TRUE(result.timed_out);
  EXPECT_THAT(result.message, HasSubstr("timed out after 1 s (taskTimeout); the task host did not"));
  EXPECT_THAT(run.alive(), IsEmpty());
}

TEST(HungHost, IsOnlyOneThatDoesNotAnswer) {
  TaskRun run;
  impatient(run).settings.patience.question = milliseconds(50);
  run.settings.patience.ending = milliseconds(50);
  // Its children are stopped, and its plugin prints as fast as it can.
  EXPECT_EQ(
      run.script("(sleep 0.1; kill -CONT $$) & (kill -STOP $$); for i in $(seq 30000); do echo $i; done").run().state,
      TaskState::kSuccess);
  EXPECT_THAT(run.hung, IsEmpty());
}

TEST(HungHost, OfAnEarlierRequesterIsEndedWithAllThatRunsAway) {
  TaskRun run;
  start_die_and_adopt(impatient(run), "setsid env -i bash -c 'trap \"\" TERM; sleep 600' & echo ready; sleep 600");
  ::kill(run.host_pid, SIGSTOP);
  EXPECT_EQ(run.finish().state, TaskState::kFailure);
  EXPECT_THAT(run.result->message, HasSubstr("did not answer"));
  EXPECT_THAT(run.alive(), IsEmpty());
  EXPECT_FALSE(host_lives(run.state_dir()));
}

// One of version 0.1.0 cannot be asked when it is adopted.
TEST(HungHost, IsNotOneThatDoesNotKnowTheQuestion) {
  TaskRun run;
  impatient(run).settings.patience.question = milliseconds(20);
  const auto gate = run.folder() / "go";
  start_die_and_adopt(run, "echo ready; while [ ! -e " + gate.string() + " ]; do sleep 0.02; done",
                      [&] { std::filesystem::remove(run.state_dir() / "control"); });
  ::kill(run.host_pid, SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  run.wait_until([&] { return std::chrono::steady_clock::now() - begin > milliseconds(300); });
  ::kill(run.host_pid, SIGCONT);
  ASSERT_TRUE(write_file(gate, "", 0600, Durability::kAtomic));
  EXPECT_EQ(run.finish().state, TaskState::kSuccess);
  EXPECT_THAT(run.hung, IsEmpty());
}

// It was killed at once, and its log said that its host had ended without a result.
TEST(GivenUp, ATaskOfAnEarlierRequesterHasItsGraceAndTheReasonInItsLog) {
  TaskRun run;
  run.request.kill_grace = std::chrono::seconds(20);
  start_die_and_adopt(run, "trap 'echo cleaned up; exit 3' TERM; echo ready; while :; do sleep 0.02; done");
  run.task->cancel("its worker was away for too long: masters run it elsewhere");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.log(), HasSubstr("cleaned up"));
  EXPECT_THAT(run.log(), HasSubstr("cancelled: its worker was away for too long: masters run it elsewhere"));
  EXPECT_THAT(run.log(), Not(HasSubstr("without a result")));
}

TEST(GivenUp, OneOfAnEarlierVersionHasItsGraceToo) {
  TaskRun run;
  run.request.kill_grace = std::chrono::seconds(20);
  start_die_and_adopt(run, "trap 'echo cleaned up; exit 3' TERM; echo ready; while :; do sleep 0.02; done",
                      [&] { std::filesystem::remove(run.state_dir() / "control"); });
  run.task->cancel("masters run it elsewhere");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.log(), HasSubstr("cleaned up"));
}

TEST(GivenUp, AHostThatDiesOfItIsNotCalledLost) {
  TaskRun run;
  start_and_wait(run, "trap '' TERM; echo ready; while :; do sleep 1; done");
  run.task->cancel("masters run it elsewhere");
  ::kill(run.host_pid, SIGKILL);
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.result->message, HasSubstr("cancelled: masters run it elsewhere"));
}

}  // namespace
}  // namespace porpoise
