#include "process/kill_tree.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "base/file.h"

namespace porpoise {
namespace {

// Runs `body` in a process that lives in a new cgroup, delegated or not; its exit status.
int run_in_cgroup(const std::string& folder, const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    FILE* const procs = std::fopen((folder + "/cgroup.procs").c_str(), "w");
    if (procs == nullptr || std::fputs("0", procs) < 0 || std::fclose(procs) != 0) ::_exit(77);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class CgroupTree : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      struct stat info {};
      folder_ = mount + "/porpoise-test-" + std::to_string(::getpid());
      if (::stat((mount + "/cgroup.procs").c_str(), &info) == 0 && ::mkdir(folder_.c_str(), 0755) == 0) return;
      folder_.clear();
    }
    GTEST_SKIP() << "no cgroup v2 that this user may change";
  }
  void TearDown() override {
    if (!folder_.empty()) ::rmdir(folder_.c_str());
  }

  std::string folder_;
};

TEST_F(CgroupTree, IsLeftAloneWhenItWasNotDelegated) {
  if (::geteuid() != 0) GTEST_SKIP() << "a cgroup that this user made is this user's";
  EXPECT_EQ(run_in_cgroup(folder_, [] { return Cgroup::make("task") ? 1 : 0; }), 0);
}

TEST_F(CgroupTree, KillsAllThatIsInItAndGoes) {
  if (::setxattr(folder_.c_str(), "trusted.delegate", "1", 1, 0) != 0) GTEST_SKIP() << "no attributes on cgroups here";
  const auto body = [this] {
    auto cgroup = Cgroup::make("task");
    if (!cgroup || cgroup->path() != folder_ + "/task") return 1;
    const pid_t child = ::fork();
    if (child == 0) {
      cgroup->enter();
      if (::fork() == 0) ::setsid();
      while (true) ::pause();
    }
    const auto members = [&] { return read_file(cgroup->path() + "/cgroup.procs", 1000).value_or(""); };
    while (members().find('\n') == members().rfind('\n')) ::usleep(1000);  // until both are in it
    if (!cgroup->kill_all()) return 2;
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) return 3;
    while (!members().empty()) ::usleep(1000);
    cgroup.reset();
    return ::access((folder_ + "/task").c_str(), F_OK) == 0 ? 4 : 0;
  };
  EXPECT_EQ(run_in_cgroup(folder_, body), 0);
}

}  // namespace
}  // namespace porpoise
