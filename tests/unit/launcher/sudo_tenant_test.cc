// Tasks of a tenant whose requester and host are not root. tests/e2e/test_sudo_tenant.py makes the users and the rules
// of sudo, and starts these as that requester: with rules those called SudoTenant, without any those called NoSudo.
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>

#include "process/user.h"
#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kTenantVariable = "PORPOISE_TEST_TENANT";

class TenantCase : public testing::Test {
 protected:
  void SetUp() override {
    const char* const name = std::getenv(kTenantVariable);
    if (name == nullptr) GTEST_SKIP() << "tests/e2e/test_sudo_tenant.py runs it, with users made for it";
    const auto user = find_user(name);
    ASSERT_TRUE(user) << user.error().to_string();
    tenant = *user;
    run.request.run_as = name;
    // A tenant has to get through to its working directory.
    ASSERT_EQ(::chmod(run.folder().c_str(), 0711), 0);
  }

  // Zombies count too: somebody has to reap them.
  std::vector<ProcessInfo> alive() const {
    std::vector<ProcessInfo> found;
    for (const ProcessInfo& process : list_processes()) {
      struct stat info {};
      if (::stat(("/proc/" + std::to_string(process.pid)).c_str(), &info) == 0 && info.st_uid == tenant.uid)
        found.push_back(process);
    }
    return found;
  }
  bool work_folder_is_gone() const { return !std::filesystem::exists(run.request.execute_path); }

  TaskRun run;
  OsUser tenant;
};

class SudoTenant : public TenantCase {};
class NoSudo : public TenantCase {};

constexpr const char* kDeafTree =
    "trap '' TERM\n"
    "(setsid bash -c \"trap '' TERM; (sleep 300 &); sleep 300; sleep 300\" &)\n"
    "(setsid env -i bash -c \"trap '' TERM; sleep 300; sleep 300\" &)\n"
    "echo begun; sleep 300; sleep 300\n";

TEST_F(SudoTenant, RunsCommandsAsTheTenantWithTheEnvironmentOfTheWorker) {
  ::setenv("FROM_THE_WORKER", "it's $here", 1);
  ::setenv("LD_LIBRARY_PATH", "/opt/lib", 1);
  run.script(
      "id -un; echo $HOME $USER $LOGNAME; echo \"$FROM_THE_WORKER\"; echo $LD_LIBRARY_PATH; "
      "echo ${SUDO_USER-none}; touch mine && pwd");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  ::unsetenv("LD_LIBRARY_PATH");
  EXPECT_THAT(run.printed(), ElementsAre(tenant.name, tenant.home + " " + tenant.name + " " + tenant.name, "it's $here",
                                         "/opt/lib", "none", run.request.execute_path));
  EXPECT_TRUE(work_folder_is_gone());
}

TEST_F(SudoTenant, GainsNoPrivilegesOnceItIsTheTenant) {
  run.request.no_new_privs = true;
  run.script("id -un; grep NoNewPrivs /proc/self/status; exit 3").run();
  EXPECT_THAT(run.printed(), ElementsAre(tenant.name, "NoNewPrivs:\t1"));
  EXPECT_EQ(run.finish().exit_code, 3);
}

TEST_F(SudoTenant, TellsTheExitCodeOfTheCommand) {
  run.script("exit 42");
  EXPECT_EQ(run.run().exit_code, 42) << run.log();
}

TEST_F(SudoTenant, RemovesWhatTheTenantMadeUnreadable) {
  run.script("umask 077; mkdir -p a/b; echo x > a/b/c; chmod 0 a/b a");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_TRUE(work_folder_is_gone()) << run.log();
}

TEST_F(SudoTenant, StartsInAnEmptyFolderWhateverAnEarlierAttemptLeft) {
  run.request.keep_execute_path = true;
  run.script("mkdir a; echo x > a/b; chmod 0 a");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_FALSE(work_folder_is_gone());
  run.result.reset();
  run.task.reset();
  run.io.restart();
  run.request.keep_execute_path = false;
  run.script("ls -A | grep -v command");
  EXPECT_EQ(run.run().exit_code, 1) << run.log();  // of grep: no such line
}

TEST_F(SudoTenant, MayChangeTheResourcesItWasGiven) {
  std::filesystem::create_directories(run.folder() / "centre/lib");
  ASSERT_TRUE(write_file(run.folder() / "centre/lib/a", "from the centre", 0600, Durability::kAtomic));
  run.request.resources.storage.url = "file://" + (run.folder() / "centre").string();
  run.request.resources.storage.base_path = "/";
  run.request.resources.files = {{"/lib/a", "lib/a"}};
  run.script("id -un; cat lib/a; echo; echo more >> lib/a && touch lib/b && echo changed");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_THAT(run.printed(), ElementsAre(tenant.name, "from the centre", "changed"));
  EXPECT_TRUE(work_folder_is_gone());
}

TEST_F(SudoTenant, LetsNobodyElseIntoTheWorkingDirectory) {
  run.request.keep_execute_path = true;
  run.script("true");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  struct stat info {};
  ASSERT_EQ(::stat(run.request.execute_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07007U, 0U);
  EXPECT_EQ(info.st_uid, ::geteuid());
}

TEST_F(SudoTenant, AsksTheTenantsProcessesToEndAndAsksOnce) {
  run.request.kill_grace = std::chrono::seconds(30);
  run.script("trap 'echo asked' TERM\necho begun\nsleep 300 & wait; wait; echo ends");
  run.start();
  ASSERT_TRUE(run.wait_for_log("begun"));
  run.task->cancel("because");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.printed(), ElementsAre("begun", "asked", "ends"));
  EXPECT_TRUE(alive().empty()) << describe(alive());
}

// porpoise.process/1: its pipes pass through sudo, and so do its signals.
TEST_F(SudoTenant, TalksToACommandOfTheTenantAndSignalsIt) {
  run.act("talk", {{"script", "read word; echo \"$word of $(id -un)\"; sleep 300 & wait"}, {"word", "hello"}});
  const TaskResult& result = run.run();
  EXPECT_THAT(result.message, testing::StartsWith("ended")) << run.log();
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
  EXPECT_THAT(run.printed(), ElementsAre("hello of " + tenant.name));
  EXPECT_TRUE(alive().empty()) << describe(alive());
}

TEST_F(SudoTenant, KillsATreeThatHasForkedAwayAndDoesNotListen) {
  run.request.kill_grace = std::chrono::milliseconds(300);
  run.script(kDeafTree);
  run.start();
  ASSERT_TRUE(run.wait_for_log("begun"));
  run.task->cancel("because");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_TRUE(alive().empty()) << describe(alive());
  EXPECT_THAT(run.finish().message, Not(HasSubstr("could not be ended")));
  EXPECT_TRUE(work_folder_is_gone());
}

TEST_F(SudoTenant, KillsAtOnceWhenToldSo) {
  run.script(kDeafTree);
  run.start();
  ASSERT_TRUE(run.wait_for_log("begun"));
  run.task->kill("because");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_TRUE(alive().empty()) << describe(alive());
}

TEST_F(SudoTenant, EndsWhatAFinishedTaskLeavesBehind) {
  run.script("(setsid bash -c \"trap '' TERM; sleep 300; sleep 300\" &)\necho done");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_TRUE(alive().empty()) << describe(alive());
  EXPECT_THAT(run.log(), HasSubstr("left processes behind"));
}

// The worker's user may not signal what sudo made somebody else's: it says so, and how many there are.
TEST_F(SudoTenant, CountsAndNamesWhatNobodyCouldEnd) {
  run.request.run_as = "";
  run.script("sudo -n -u " + tenant.name + " bash -c \"trap '' TERM; sleep 1000\" & until pgrep -x -u " + tenant.name +
             " sleep; do sleep 0.02; done");
  const TaskResult result = run.run();
  EXPECT_EQ(result.state, TaskState::kSuccess);
  EXPECT_GE(result.survivors, 1U);
  EXPECT_THAT(result.message, testing::StartsWith("these processes could not be ended: "));
  EXPECT_EQ(run.stored_result()->survivors, result.survivors);
  EXPECT_EQ(std::system(("sudo -n -u " + tenant.name + " pkill -KILL -x -u " + tenant.name + " sleep").c_str()), 0);
}

TEST_F(SudoTenant, LeavesNobodyWhenTheHostIsKilled) {
  run.script("(setsid bash -c \"trap '' TERM; sleep 300; sleep 300\" &)\necho begun; sleep 300");
  run.start();
  ASSERT_TRUE(run.wait_for_log("begun"));
  ::kill(run.host_pid, SIGKILL);
  EXPECT_EQ(run.finish().state, TaskState::kFailure);
  EXPECT_TRUE(alive().empty()) << describe(alive());
  EXPECT_TRUE(work_folder_is_gone());
}

TEST_F(NoSudo, IsOneErrorThatNamesTenantReasonAndRule) {
  run.script("echo ran");
  const TaskResult& result = run.run();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_THAT(result.message, HasSubstr("tenant \"" + tenant.name + "\": sudo: "));
  EXPECT_THAT(result.message, HasSubstr(user_name(::geteuid()) + " ALL=(" + tenant.name + ") NOPASSWD: ALL"));
  EXPECT_THAT(result.message, HasSubstr("sudo: false"));
  EXPECT_TRUE(run.printed().empty());
  EXPECT_TRUE(work_folder_is_gone());
}

TEST_F(NoSudo, IsSaidWhenThereIsNone) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const TaskResult& result = run.script("echo ran").run();
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(result.message, HasSubstr("there is no sudo in PATH"));
}

TEST_F(NoSudo, IsNotAskedForATaskOfTheWorkersOwn) {
  run.request.run_as.clear();
  run.script("id -un; sleep 300");
  run.start();
  ASSERT_TRUE(run.wait_for_log(user_name(::geteuid())));
  run.task->kill("because");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
}

}  // namespace
}  // namespace porpoise
