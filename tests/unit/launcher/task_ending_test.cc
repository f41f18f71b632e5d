// However a task ends or is ended, nothing of it lives afterwards.
#include <signal.h>

#include <thread>

#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string names(const std::vector<ProcessInfo>& processes) { return describe(processes, 100); }

// A task that prints "ready" when its processes are as the script wants them.
void start_and_wait(TaskRun& run, const std::string& script) {
  run.script(script).start();
  ASSERT_TRUE(run.wait_for_log("ready")) << run.log();
}

// The script of a process that ignores what it can ignore and has left session, group and parent.
const std::string kDaemon = "setsid bash -c 'trap \"\" TERM HUP INT; while :; do sleep 1000; done' & ";

TEST(Cancel, EndsASleepAtOnce) {
  TaskRun run;
  start_and_wait(run, "echo ready; sleep 1000");
  run.task->cancel("it is late");
  const auto begin = std::chrono::steady_clock::now();
  const TaskResult result = run.finish();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, run.request.kill_grace) << "no SIGKILL was needed";
  EXPECT_EQ(result.state, TaskState::kKill);
  EXPECT_EQ(result.message, "cancelled: it is late");
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(names(run.alive()), "");
  EXPECT_THAT(run.log(), HasSubstr("ending the task: cancelled: it is late; SIGTERM to bash ("));
}

TEST(Cancel, GivesATaskTheChanceToCleanUp) {
  TaskRun run;
  start_and_wait(run, "trap 'echo cleaned up; exit 9' TERM; echo ready; while :; do sleep 0.02; done");
  run.task->cancel("");
  const TaskResult result = run.finish();
  EXPECT_EQ(result.state, TaskState::kKill);
  EXPECT_EQ(result.exit_code, 9);
  EXPECT_EQ(result.message, "cancelled");
  EXPECT_THAT(run.log(), HasSubstr("cleaned up"));
}

TEST(Cancel, KillsWhatIgnoresSigtermWhenTheGraceIsOver) {
  TaskRun run;
  start_and_wait(run, "trap '' TERM; echo ready; while :; do sleep 1000; done");
  const auto begin = std::chrono::steady_clock::now();
  run.task->cancel("");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, run.request.kill_grace);
  EXPECT_EQ(names(run.alive()), "");
}

TEST(Cancel, KillsAtOnceWhenToldSo) {
  TaskRun run;
  run.request.kill_grace = std::chrono::hours(1);
  start_and_wait(run, "trap '' TERM; echo ready; while :; do sleep 1000; done");
  run.task->cancel("first politely");
  run.task->kill("then not");
  EXPECT_EQ(run.finish().message, "cancelled: first politely");
  EXPECT_EQ(names(run.alive()), "");
}

TEST(Cancel, FindsDaemonsThatLeftSessionAndParentAndIgnoreSigterm) {
  TaskRun run;
  start_and_wait(run, "for i in 1 2 3 4 5; do (" + kDaemon + "); done; sleep 0.1; echo ready; sleep 1000");
  EXPECT_GE(run.alive().size(), 10U);
  run.task->cancel("");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_EQ(names(run.alive()), "");
}

TEST(Cancel, WakesAStoppedChild) {
  TaskRun run;
  start_and_wait(run, "trap 'echo woken; exit 1' TERM; (sleep 0.05; echo ready) & kill -STOP $$");
  ASSERT_TRUE(run.wait_until([&] {
    const auto all = run.alive();
    return std::any_of(all.begin(), all.end(), [](const ProcessInfo& process) { return process.stopped(); });
  }));
  run.task->cancel("");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.log(), HasSubstr("woken"));
}

TEST(Cancel, ReachesAPluginThatWaitsWithoutProcesses) {
  TaskRun run;
  run.act("wait").start();
  ASSERT_TRUE(run.wait_for_log("waiting"));
  run.task->cancel("enough");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.log(), HasSubstr("cancel was called\n"));
  EXPECT_EQ(run.result->app_ids, "late");
  EXPECT_THAT(run.log(), Not(HasSubstr("SIGKILL")));
}

TEST(Cancel, OfAPluginThatLoopsOrStopsItselfOrThrowsInCancelWorksToo) {
  for (const char* act : {"loop", "stop"}) {
    TaskRun run;
    run.act(act, {{"on cancel", "throw"}}).start();
    ASSERT_TRUE(run.wait_for_log("version"));
    run.task->cancel("enough");
    EXPECT_EQ(run.finish().state, TaskState::kKill) << act;
    EXPECT_EQ(names(run.alive()), "");
  }
}

TEST(Cancel, BeforeAnythingBeganIsAKill) {
  TaskRun run;
  run.script("sleep 1000").start();
  run.task->cancel("changed my mind");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_EQ(names(run.alive()), "");
}

TEST(Cancel, AfterTheEndChangesNothing) {
  TaskRun run;
  EXPECT_EQ(run.script("true").run().state, TaskState::kSuccess);
  run.task->cancel("too late");
  EXPECT_EQ(run.result->state, TaskState::kSuccess);
}

TEST(Timeout, EndsTheTaskAsFailure) {
  TaskRun run;
  run.request.timeout = std::chrono::milliseconds(1500);
  const TaskResult result = run.script("sleep 1000").run();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.message, "timed out after 1.5 s (taskTimeout)");
  EXPECT_EQ(names(run.alive()), "");
}

TEST(Timeout, HoldsForPluginsThatLoopInTheirOwnCode) {
  TaskRun run;
  run.request.timeout = std::chrono::milliseconds(300);
  run.request.kill_grace = std::chrono::milliseconds(100);
  EXPECT_TRUE(run.act("loop").run().timed_out);
  EXPECT_THAT(run.log(), HasSubstr("SIGKILL to "));
}

TEST(Leftovers, OfASuccessfulTaskAreEndedAndNamed) {
  TaskRun run;
  // Before its exec it would be named bash.
  const TaskResult result =
      run.script("sleep 1000 & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done; echo done").run();
  EXPECT_EQ(result.state, TaskState::kSuccess);
  EXPECT_EQ(names(run.alive()), "");
  EXPECT_THAT(run.log(), HasSubstr("left processes behind, which are ended now: sleep ("));
}

TEST(Leftovers, ThatIgnoreSigtermAreKilled) {
  TaskRun run;
  EXPECT_EQ(run.script(kDaemon + "sleep 0.1").run().state, TaskState::kSuccess);
  EXPECT_EQ(names(run.alive()), "");
}

TEST(Leftovers, ThatClearedTheirEnvironmentAreFoundToo) {
  TaskRun run;
  const std::string mark = (run.folder() / "pid").string();
  start_and_wait(run, "(env -i setsid bash -c 'trap \"\" TERM; echo $$ > " + mark +
                          "; while :; do sleep 1000; done' &); while [ ! -s " + mark +
                          " ]; do sleep 0.01; done; echo ready");
  EXPECT_EQ(run.finish().state, TaskState::kSuccess);
  const pid_t daemon = std::stoi(read_file(mark, 100).value_or("0"));
  ASSERT_GT(daemon, 1);
  EXPECT_FALSE(read_process(daemon)) << "still there";
}

TEST(Leftovers, ThatKeepPrintingDoNotHoldUpTheEnd) {
  TaskRun run;
  EXPECT_EQ(run.script("yes & sleep 0.1").run().state, TaskState::kSuccess);
  EXPECT_EQ(names(run.alive()), "");
}

// 20 chains whose processes live for an instant only: each makes the next one, in a session of its own, and ends. A cap
// on time keeps a mistake from costing the machine; a chain that reaches it has not lost, and says so.
class ForkBomb : public testing::Test {
 protected:
  ForkBomb() { run_.request.kill_grace = std::chrono::milliseconds(100); }

  void start_chains() {
    const std::string chain =
        "import os,time,signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "end = time.time() + 20\n"
        "for i in range(20):\n"
        "    if os.fork() == 0: break\n"
        "else:\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(1000)\n"
        "while time.time() < end:\n"
        "    if os.fork() > 0: os._exit(0)\n"
        "    os.setsid()\n"
        "open('" + unbeaten().string() + "', 'w')\n";
    ASSERT_TRUE(write_file(run_.folder() / "chain.py", chain, 0600, Durability::kAtomic));
    start_and_wait(run_, "exec python3 " + (run_.folder() / "chain.py").string());
  }

  void expect_nobody() {
    EXPECT_EQ(names(run_.alive()), "");
    EXPECT_THAT(run_.result->message, Not(HasSubstr("could not be ended")));
    EXPECT_FALSE(std::filesystem::exists(unbeaten()));
  }

  std::filesystem::path unbeaten() const { return run_.folder() / "unbeaten"; }

  TaskRun run_;
};

TEST_F(ForkBomb, OfShortLivedProcessesLoses) {
  start_chains();
  run_.task->cancel("");
  EXPECT_EQ(run_.finish().state, TaskState::kKill);
  expect_nobody();
}

TEST_F(ForkBomb, OfShortLivedProcessesLosesWhenItsHostIsKilled) {
  ChildReaper reaper({[](auto, const auto&) {}, [](const auto&) {}}, std::chrono::seconds(5));
  run_.children = &reaper;
  start_chains();
  ASSERT_EQ(::kill(run_.host_pid, SIGKILL), 0);
  EXPECT_EQ(run_.finish().state, TaskState::kFailure);
  expect_nobody();
  run_.task.reset();
}

TEST_F(ForkBomb, OfManyProcessesLoses) {
  start_and_wait(run_,
                 "trap '' TERM; for i in $(seq 300); do (trap '' TERM; setsid sleep 1000) & done; echo ready; wait");
  run_.task->cancel("");
  EXPECT_EQ(run_.finish().state, TaskState::kKill);
  expect_nobody();
}

TEST(Requester, ThatGoesTakesATaskOfItsOwnWithIt) {
  TaskRun run;
  std::filesystem::create_directories(run.state_dir());
  run.request.kill_grace = std::chrono::milliseconds(200);
  run.script("trap '' TERM; echo ready; while :; do sleep 1000; done");
  // A requester of its own, so that it can be killed.
  const pid_t requester = ::fork();
  if (requester == 0) {
    run.start();
    run.wait_for_log("ready");
    EXPECT_TRUE(write_file(run.folder() / "host pid", std::to_string(run.host_pid), 0600, Durability::kAtomic));
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(requester, nullptr, 0), requester);
  ASSERT_TRUE(run.wait_until([&] { return run.stored_result().has_value(); })) << run.log();
  EXPECT_EQ(run.stored_result()->state, TaskState::kKill);
  EXPECT_EQ(run.stored_result()->message, "the requester is gone");
  EXPECT_FALSE(std::filesystem::exists(run.request.execute_path));
  run.host_pid = std::stoi(read_file(run.folder() / "host pid", 100).value_or("0"));
  ASSERT_GT(run.host_pid, 1);
  EXPECT_EQ(names(run.alive()), "");
}

TEST(Requester, ThatGoesLeavesAWorkersTaskRunning) {
  TaskRun run;
  run.settings.die_with_requester = false;
  std::filesystem::create_directories(run.state_dir());
  const std::string go = (run.folder() / "go").string();
  run.script("echo ready; while [ ! -e " + go + " ]; do sleep 0.02; done; echo finished alone");
  const pid_t requester = ::fork();
  if (requester == 0) {
    run.start();
    run.wait_for_log("ready");
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(requester, nullptr, 0), requester);
  EXPECT_FALSE(run.stored_result());
  const auto host = parse_json(read_file(run.state_dir() / "host.json", 1000).value_or(""));
  ASSERT_TRUE(host);
  const auto process = read_process(host->at("pid").get<pid_t>());
  ASSERT_TRUE(process);
  EXPECT_EQ(process->start_ticks, host->at("startTicks").get<std::uint64_t>());
  EXPECT_EQ(host->at("bootId"), boot_id());
  ASSERT_TRUE(write_file(go, "", 0600, Durability::kAtomic));
  ASSERT_TRUE(run.wait_until([&] { return run.stored_result().has_value(); })) << run.log();
  EXPECT_EQ(run.stored_result()->state, TaskState::kSuccess);
  EXPECT_THAT(run.log(), HasSubstr("finished alone"));
}

TEST(Requester, ThatLetsGoOfARunningTaskKillsItBeforeItGoesOn) {
  TaskRun run;
  start_and_wait(run, kDaemon + "trap '' TERM; sleep 0.1; echo ready; sleep 1000");
  run.task.reset();
  EXPECT_EQ(names(run.alive()), "");
  EXPECT_FALSE(run.result) << "nobody is told any more";
  ASSERT_TRUE(run.stored_result());
  EXPECT_EQ(run.stored_result()->state, TaskState::kKill);
  EXPECT_FALSE(read_process(run.host_pid));
}

TEST(Host, ThatIsKilledLeavesNothingButAResult) {
  TaskRun run;
  start_and_wait(run, kDaemon + "(" + kDaemon + "); sleep 0.1; echo ready; sleep 1000");
  ASSERT_EQ(::kill(run.host_pid, SIGKILL), 0);
  const TaskResult result = run.finish();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_EQ(result.message, "task host was ended by signal 9 (SIGKILL)");
  EXPECT_EQ(names(run.alive()), "");
  EXPECT_FALSE(std::filesystem::exists(run.request.execute_path));
  ASSERT_TRUE(run.stored_result());
  EXPECT_EQ(run.stored_result()->message, result.message);
  EXPECT_THAT(run.log(), HasSubstr("[ERROR] "));
  EXPECT_TRUE(run.log().ends_with(" - FINALIZE_SESSION\n"));
  EXPECT_FALSE(read_process(run.host_pid)) << "the host is still a zombie";
}

TEST(Host, ThatEndsWithoutAResultIsAFailure) {
  TaskRun run;
  run.script("true");
  run.settings.host_binary = "/bin/false";
  EXPECT_EQ(run.run().message, "task host ended with exit status 1");
}

TEST(Host, ThatCannotWriteItsResultSaysWhy) {
  TaskRun run;
  run.script("rm -rf " + run.state_dir().string()).start();
  const TaskResult result = run.finish();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_THAT(result.message, HasSubstr("task host ended with exit status 125: porpoise-host: cannot create "));
}

TEST(Host, ThatIsAskedToEndBySigtermEndsItsTask) {
  TaskRun run;
  start_and_wait(run, "echo ready; sleep 1000");
  ASSERT_EQ(::kill(run.host_pid, SIGTERM), 0);
  EXPECT_EQ(run.finish().message, "cancelled: the task host was asked to end by signal 15");
}

TEST(Host, SessionIsItsOwnAndSoIsEverythingInIt) {
  TaskRun run;
  start_and_wait(run, "echo ready; sleep 1000");
  const auto host = read_process(run.host_pid);
  ASSERT_TRUE(host);
  EXPECT_EQ(host->session, run.host_pid);
  EXPECT_GE(run.alive().size(), 2U);  // runner, bash, sleep
  run.task->kill("");
  run.finish();
}

}  // namespace
}  // namespace porpoise
