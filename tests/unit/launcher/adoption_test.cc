// Tasks that outlive their requester, and many of them at once.
#include <signal.h>

#include <list>

#include "launcher/lost_host.h"
#include "taskdir/liveness.h"
#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

// A requester that is killed: it starts the task in a child process, which then ends without a word.
void start_and_die(TaskRun& run) {
  run.settings.die_with_requester = false;
  const pid_t child = ::fork();
  if (child == 0) {
    boost::asio::io_context io;
    const auto started = TaskProcess::start({io, run.settings}, run.request, run.state_dir(), run);
    ::_exit(started ? 0 : 1);  // no destructor runs
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
}

void adopt(TaskRun& run) {
  auto adopted = run.adopted();
  ASSERT_TRUE(adopted && *adopted);
  run.task = *std::move(adopted);
  run.host_pid = static_cast<pid_t>(run.task->pid());
  run.io.restart();  // it stopped while there was nothing to wait for
}

TEST(Adoption, FollowsATaskWhoseRequesterWasKilled) {
  TaskRun run;
  run.script("while [ ! -e " + (run.folder() / "go").string() + " ]; do sleep 0.02; done; echo done");
  start_and_die(run);
  EXPECT_TRUE(host_lives(run.state_dir()));
  adopt(run);
  ASSERT_TRUE(write_file(run.folder() / "go", "", 0600, Durability::kAtomic));
  EXPECT_EQ(run.finish().state, TaskState::kSuccess) << run.log();
  EXPECT_TRUE(run.wait_until([&] { return !host_lives(run.state_dir()); }));
}

TEST(Adoption, CancelsATaskOfAnEarlierRequester) {
  TaskRun run;
  run.script("echo begun; sleep 300");
  start_and_die(run);
  ASSERT_TRUE(run.wait_for_log("begun"));
  adopt(run);
  run.task->cancel("because");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_TRUE(run.alive().empty());
}

TEST(Adoption, EndsEverythingOfATaskAtOnceWhenToldSo) {
  TaskRun run;
  run.script("trap '' TERM; echo begun; sleep 300 & wait; sleep 300");
  start_and_die(run);
  ASSERT_TRUE(run.wait_for_log("begun"));
  adopt(run);
  run.task->kill("fenced");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_EQ(run.result->message, "cancelled: fenced");
  EXPECT_TRUE(run.alive().empty());
}

TEST(Adoption, FindsNobodyWhenTheHostHasEnded) {
  TaskRun run;
  run.settings.die_with_requester = false;
  run.script("true").run();
  run.task.reset();
  const auto adopted = run.adopted();
  ASSERT_TRUE(adopted) << adopted.error().to_string();
  EXPECT_EQ(*adopted, nullptr);
  EXPECT_TRUE(run.stored_result());
}

// It was recorded as lost, and what it had started lived on.
TEST(Adoption, OfAHostThatDiedUnseenEndsWhatItLeft) {
  TaskRun run;
  run.script("sleep 300 & echo begun; (env -i sleep 300) & wait");
  start_and_die(run);
  ASSERT_TRUE(run.wait_for_log("begun"));
  const auto host = wait_for_host_identity(run.state_dir());
  ASSERT_TRUE(host) << host.error().to_string();
  run.host_pid = host->pid;
  ASSERT_EQ(::kill(host->pid, SIGKILL), 0);
  ASSERT_TRUE(run.wait_until([&] { return !host_lives(run.state_dir()); }));
  sweep_after_unseen(run.request, SudoUser(run.request.run_as, run.settings.host_binary), run.state_dir());
  EXPECT_TRUE(run.alive().empty());
}

// How a file of a task's state may be lost.
struct Damage {
  const char* file;
  bool torn;  // else gone
  std::string name() const { return std::string(file) + (torn ? " torn" : " gone"); }
  void befall(const TaskRun& run) const {
    const std::filesystem::path at = run.state_dir() / file;
    if (torn)
      std::filesystem::resize_file(at, std::filesystem::file_size(at) / 2);
    else
      std::filesystem::remove(at);
  }
};

const Damage kDamages[] = {
    {"request.json", true}, {"request.json", false}, {"host.json", true}, {"host.json", false}, {"control", false}};

void start_die_and_lose(TaskRun& run, const Damage& damage, const std::string& script) {
  run.script(script);
  start_and_die(run);
  ASSERT_TRUE(run.wait_for_log("begun"));
  const auto host = wait_for_host_identity(run.state_dir());
  ASSERT_TRUE(host) << host.error().to_string();
  run.host_pid = host->pid;
  damage.befall(run);
}

// Without its host.json it was taken for lost, and said to have failed while it ran.
TEST(Adoption, FollowsAndEndsATaskWhicheverOfItsFilesIsLost) {
  for (const Damage& damage : kDamages) {
    SCOPED_TRACE(damage.name());
    TaskRun run;
    start_die_and_lose(run, damage, "echo begun; sleep 300 & wait");
    adopt(run);
    run.task->cancel("because");
    EXPECT_EQ(run.finish().state, TaskState::kKill);
    EXPECT_TRUE(run.alive().empty());
  }
}

// Without its host.json nobody looked for what it had started.
TEST(Adoption, EndsWhatADeadHostLeftWhicheverOfItsFilesIsLost) {
  for (const Damage& damage : kDamages) {
    SCOPED_TRACE(damage.name());
    TaskRun run;
    start_die_and_lose(run, damage, "setsid sleep 300 & sleep 300 & echo begun; wait");
    ASSERT_EQ(::kill(run.host_pid, SIGKILL), 0);
    ASSERT_TRUE(run.wait_until([&] { return !host_lives(run.state_dir()); }));
    EXPECT_FALSE(run.alive().empty());
    const auto survivors =
        sweep_after_unseen(run.request, SudoUser(run.request.run_as, run.settings.host_binary), run.state_dir());
    EXPECT_TRUE(survivors.empty());
    EXPECT_TRUE(run.alive().empty());
  }
}

// The number of a host may be that of a stranger's session by the time somebody looks.
TEST(Adoption, AStrangerWithTheNumberOfADeadHostIsLeftAlone) {
  TaskRun run;
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    ::setsid();
    ::pause();
    ::_exit(0);
  }
  ASSERT_TRUE(run.wait_until([&] { return ::getsid(stranger) == stranger; }));
  const auto self = read_process(stranger);
  ASSERT_TRUE(self);
  std::filesystem::create_directories(run.state_dir());
  ASSERT_TRUE(
      write_file(run.state_dir() / "host.json",
                 dump_json(Json{{"pid", stranger}, {"startTicks", self->start_ticks - 1}, {"bootId", boot_id()}}), 0600,
                 Durability::kAtomic));
  sweep_after_unseen(run.request, SudoUser(run.request.run_as, run.settings.host_binary), run.state_dir());
  EXPECT_EQ(::waitpid(stranger, nullptr, WNOHANG), 0) << "it lives";
  ::kill(stranger, SIGKILL);
  ::waitpid(stranger, nullptr, 0);
}

// Waits of descriptors were woken early when many were in use, and hosts at work were taken for dead.
TEST(Adoption, AHostAtWorkIsNotTakenForDeadWhenManyRun) {
  constexpr int kTasks = 60;
  boost::asio::io_context io;
  std::list<TaskRun> runs;
  int ended = 0;
  for (int i = 0; i < kTasks; ++i) {
    TaskRun& run = runs.emplace_back();
    run.settings.die_with_requester = false;
    run.script("true");
    auto started = TaskProcess::start({io, run.settings}, run.request, run.state_dir(), run);
    ASSERT_TRUE(started) << started.error().to_string();
    run.task = *std::move(started);
    io.poll();
  }
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (ended < kTasks && std::chrono::steady_clock::now() < limit) {
    io.run_one_for(std::chrono::milliseconds(20));
    ended = 0;
    for (const TaskRun& run : runs) ended += run.result ? 1 : 0;
  }
  for (const TaskRun& run : runs) {
    ASSERT_TRUE(run.result) << run.log();
    EXPECT_EQ(run.result->state, TaskState::kSuccess) << run.log();
  }
}

}  // namespace
}  // namespace porpoise
