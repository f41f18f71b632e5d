#include "process/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>

#include "base/descriptor.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

bool can_open(const std::filesystem::path& file, int flags) {
  return static_cast<bool>(UniqueFd(::open(file.c_str(), flags, 0600)));
}

// In a child, which is confined; its answer.
bool in_child(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class ConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!confinement_level().files) GTEST_SKIP() << "this kernel has no Landlock of Linux 5.19 or later";
    for (const char* const name : {"data/tasks", "data/exec/mine", "data/exec/other", "beside/deep"})
      std::filesystem::create_directories(top_ / name);
    for (const char* const name :
         {"data/tasks/key", "data/exec/mine/a", "data/exec/other/a", "beside/a", "secret.yaml", "task.log"})
      std::ofstream(top_ / name) << name;
    std::filesystem::create_symlink(top_ / "data/tasks/key", top_ / "beside/link");
  }

  Status confined() const {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("no_new_privs", errno);
    return confine({{top_ / "data", top_ / "secret.yaml", top_ / "task.log", top_ / "never-there"},
                    {top_ / "data/exec/mine"},
                    {top_ / "task.log"}});
  }

  support::TempFolder folder_{"confinement"};
  const std::filesystem::path top_ = std::filesystem::canonical(folder_.path());
};

TEST_F(ConfinementTest, HidesWhatIsNamedAndNothingBesideIt) {
  EXPECT_TRUE(in_child([this] {
    return confined() && !can_open(top_ / "data/tasks/key", O_RDONLY) && !can_open(top_ / "secret.yaml", O_RDONLY) &&
           !can_open(top_ / "data/exec/other/a", O_RDONLY) && can_open(top_ / "beside/a", O_RDWR) &&
           can_open("/etc/passwd", O_RDONLY) && can_open("/dev/null", O_RDWR) && can_open("/proc/self/stat", O_RDONLY);
  }));
}

TEST_F(ConfinementTest, AllowsTheOwnFolderAndReadingTheOwnLog) {
  EXPECT_TRUE(in_child([this] {
    return confined() && can_open(top_ / "data/exec/mine/new", O_RDWR | O_CREAT) &&
           ::rename((top_ / "data/exec/mine/new").c_str(), (top_ / "beside/deep/new").c_str()) == 0 &&
           can_open(top_ / "task.log", O_RDONLY) && !can_open(top_ / "task.log", O_WRONLY);
  }));
}

TEST_F(ConfinementTest, ALinkOrARenamingLeadsNobodyIn) {
  EXPECT_TRUE(in_child([this] {
    return confined() && !can_open(top_ / "beside/link", O_RDONLY) &&
           ::rename((top_ / "data/tasks/key").c_str(), (top_ / "beside/key").c_str()) != 0 &&
           ::link((top_ / "data/tasks/key").c_str(), (top_ / "beside/key").c_str()) != 0 &&
           ::rename((top_ / "beside/a").c_str(), (top_ / "data/tasks/key").c_str()) != 0 &&
           ::unlink((top_ / "data/tasks/key").c_str()) != 0;
  }));
  EXPECT_TRUE(std::filesystem::exists(top_ / "data/tasks/key"));
}

TEST_F(ConfinementTest, HoldsForWhatItStarts) {
  EXPECT_TRUE(in_child([this] {
    return confined() && !in_child([this] { return can_open(top_ / "secret.yaml", O_RDONLY); }) &&
           in_child([this] { return can_open(top_ / "data/exec/mine/a", O_RDONLY); });
  }));
}

TEST_F(ConfinementTest, KeepsSignalsAmongTheConfined) {
  if (!confinement_level().signals) GTEST_SKIP() << "this kernel has no Landlock of Linux 6.12 or later";
  EXPECT_TRUE(in_child([this] {
    if (!confined() || ::kill(::getppid(), 0) == 0 || errno != EPERM) return false;
    const pid_t child = ::fork();
    if (child == 0) ::pause();
    const bool sent = ::kill(child, SIGKILL) == 0;
    ::waitpid(child, nullptr, 0);
    return sent;
  }));
}

TEST_F(ConfinementTest, AFolderThatMayNotBeListedIsNoObstacle) {
  if (::geteuid() != 0) GTEST_SKIP() << "root alone can become somebody else";
  std::filesystem::permissions(top_, std::filesystem::perms(0711));
  std::filesystem::permissions(folder_.path() / "data", std::filesystem::perms(0711));
  ASSERT_EQ(::chmod((top_ / "data/exec/mine/a").c_str(), 0644), 0);
  EXPECT_TRUE(in_child([this] {
    return ::setresuid(65534, 65534, 65534) == 0 && confined() && can_open(top_ / "data/exec/mine/a", O_RDONLY) &&
           !can_open(top_ / "secret.yaml", O_RDONLY);
  }));
}

TEST(CloseToOthers, NobodyOfTheSameUserReadsTheMemory) {
  if (::geteuid() != 0) GTEST_SKIP() << "root alone can become somebody else";
  EXPECT_TRUE(in_child([] {
    if (::setresuid(65534, 65534, 65534) != 0) return false;
    close_to_others();
    const std::string self = "/proc/" + std::to_string(::getpid());
    return in_child([&] { return !can_open(self + "/mem", O_RDONLY) && !can_open(self + "/environ", O_RDONLY); }) &&
           can_open("/proc/self/fd", O_RDONLY);
  }));
}

}  // namespace
}  // namespace porpoise
