// What a task has hidden from everybody, when its host is killed: the kernel knows it still, by the cgroup of the task,
// where one was delegated to the worker.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "launcher/lost_host.h"
#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

// In a session of its own, without its cookie, and an orphan.
constexpr const char* kHides = "(setsid env -i sh -c 'echo $$ > hidden.new; mv hidden.new hidden; exec sleep 600' &)";

class DelegatedCgroup : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      folder_ = mount + "/porpoise-launcher-" + std::to_string(::getpid());
      if (std::filesystem::exists(mount + "/cgroup.procs") && ::mkdir(folder_.c_str(), 0755) == 0) break;
      folder_.clear();
    }
    if (folder_.empty()) GTEST_SKIP() << "SKIPPED: no cgroup v2 that this user may change";
    if (::setxattr(folder_.c_str(), "trusted.delegate", "1", 1, 0) != 0)
      GTEST_SKIP() << "SKIPPED: no attributes on cgroups here";
  }
  void TearDown() override {
    if (!folder_.empty()) ::rmdir(folder_.c_str());
  }

  // `end`: what a requester does about a task whose host was killed. In a process that has the cgroup.
  void ends_what_was_hidden(const std::function<void(TaskRun& run)>& end) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::ofstream(folder_ + "/cgroup.procs") << "0";
      hide_and_end(end);
      ::_exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0) << "see above";
  }

 private:
  void hide_and_end(const std::function<void(TaskRun& run)>& end) {
    TaskRun run;
    run.settings.die_with_requester = false;
    run.script("cd " + run.folder().string() + "; " + kHides + "; sleep 600").start();
    ASSERT_TRUE(run.wait_until([&] { return std::filesystem::exists(run.folder() / "hidden"); })) << run.log();
    pid_t hidden = 0;
    std::ifstream(run.folder() / "hidden") >> hidden;
    ASSERT_TRUE(read_process(hidden));
    EXPECT_TRUE(has_groups()) << "the task has one of its own";
    ::kill(run.host_pid, SIGKILL);
    end(run);
    const auto left = read_process(hidden);
    EXPECT_TRUE(!left || left->state == 'Z') << "it lives, in state " << left->state;
    EXPECT_FALSE(has_groups()) << "it is empty, and gone";
  }

  bool has_groups() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      if (entry.is_directory()) return true;
    return false;
  }

  std::string folder_;
};

// It lived on, as a child of nobody who knew it.
TEST_F(DelegatedCgroup, EndsItWhenItsHostIsKilled) {
  ends_what_was_hidden([](TaskRun& run) { EXPECT_EQ(run.finish().state, TaskState::kFailure); });
}

TEST_F(DelegatedCgroup, EndsItWhenItsHostWasKilledUnseen) {
  ends_what_was_hidden([](TaskRun& run) {
    ASSERT_TRUE(run.wait_until([&] { return ::waitpid(run.host_pid, nullptr, WNOHANG) != 0; }));
    const SudoUser nobody(run.request.run_as, run.settings.host_binary);
    EXPECT_TRUE(sweep_after_unseen(run.request, nobody, run.state_dir()).empty());
  });
}

}  // namespace
}  // namespace porpoise
