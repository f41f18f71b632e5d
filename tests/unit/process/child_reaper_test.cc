// Real children, orphans and processes that fork away, in a process that is the reaper of its orphans.
#include "process/child_reaper.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <new>
#include <thread>

namespace porpoise {
namespace {

using std::chrono::milliseconds;

class ChildReaperTest : public testing::Test {
 protected:
  ChildReaperTest() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared_ = new (memory) std::atomic<std::int64_t>(0);
    left_ = shared_ + 1;
  }
  ~ChildReaperTest() override {
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    ::munmap(shared_, 4096);
  }

  ChildReaper::Handlers handlers() {
    return {[this](std::size_t count, const std::vector<ProcessInfo>&) { ended_ += count; },
            [this](const ProcessInfo&) { ++survivors_; }};
  }

  // What a task host that is killed leaves: `body` runs in a session of its own, whose parent has ended. Its pid.
  pid_t leave_behind(const std::function<void()>& body) {
    *left_ = 0;
    const pid_t parent = ::fork();
    if (parent == 0) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::setsid();
        body();
        ::_exit(0);
      }
      *left_ = child;
      while (::getsid(child) == ::getsid(0)) ::poll(nullptr, 0, 1);  // as long as it is alive
      ::_exit(0);
    }
    EXPECT_EQ(::waitpid(parent, nullptr, 0), parent);
    return static_cast<pid_t>(*left_);
  }

  static bool wait_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < limit) ::poll(nullptr, 0, 2);
    return done();
  }
  static std::size_t zombies() {
    const auto all = children_of(::getpid());
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](pid_t pid) {
      const auto process = read_process(pid);
      return process && process->state == 'Z';
    }));
  }

  std::atomic<std::int64_t>* shared_;  // with the processes that a test makes
  std::atomic<std::int64_t>* left_;
  std::atomic<std::size_t> ended_ = 0;
  std::atomic<std::size_t> survivors_ = 0;
};

TEST_F(ChildReaperTest, EndsAndReapsALeftover) {
  ChildReaper reaper(handlers(), milliseconds(5000));
  const pid_t left = leave_behind([] {
    while (true) ::pause();
  });
  ASSERT_TRUE(wait_until([&] { return ended_ > 0; }));
  EXPECT_TRUE(reaper.end_leftovers(milliseconds(5000)).empty());
  EXPECT_FALSE(read_process(left)) << "not even a zombie is left";
  EXPECT_EQ(survivors_, 0U);
}

// It was taken for dead, and the task of a killed host for ended, while its thread went on.
TEST_F(ChildReaperTest, EndsAProcessWhoseFirstThreadHasEnded) {
  const pid_t left = leave_behind([] {
    std::thread([] {
      while (true) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // of this thread alone
  });
  ASSERT_TRUE(wait_until([&] { return read_process(left)->state == 'Z'; }));
  ASSERT_FALSE(read_process(left)->ended());
  ChildReaper reaper(handlers(), milliseconds(5000));
  ASSERT_TRUE(wait_until([&] { return ended_ > 0; }));
  EXPECT_FALSE(read_process(left)) << "not even a zombie is left";
}

// 1,900 zombies a second, and nothing ever caught it.
TEST_F(ChildReaperTest, AProcessThatForksAwayForEverLoses) {
  ChildReaper reaper(handlers(), milliseconds(10000));
  std::atomic<std::int64_t>& generations = *shared_;
  leave_behind([&generations] {
    for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_IGN);
    while (true) {
      if (::fork() != 0) ::_exit(0);
      ::setsid();
      ++generations;
      ::usleep(300);
    }
  });
  std::size_t most = 0;
  std::int64_t before = -1;
  // It is over when nobody has been born between two looks that found it clean.
  EXPECT_TRUE(wait_until([&] {
    most = std::max(most, zombies());
    if (!reaper.end_leftovers(milliseconds(2)).empty()) return false;
    return std::exchange(before, generations.load()) == generations.load() && ended_ > 0;
  }));
  EXPECT_LE(most, 50U);
  EXPECT_TRUE(reaper.end_leftovers(milliseconds(5000)).empty());
}

TEST_F(ChildReaperTest, EndsAWholeFamilyThatGrows) {
  ChildReaper reaper(handlers(), milliseconds(10000));
  std::atomic<std::int64_t>& born = *shared_;
  leave_behind([&born] {
    for (int i = 0; i < 3; ++i) ::fork();  // eight of them
    while (born < 500) {
      if (::fork() == 0) ::setsid();
      ++born;
      ::usleep(2000);
    }
    while (true) ::pause();
  });
  ASSERT_TRUE(wait_until([&] { return ended_ > 0; }));
  EXPECT_TRUE(reaper.end_leftovers(milliseconds(10000)).empty());
  EXPECT_TRUE(children_of(::getpid()).empty());
}

TEST_F(ChildReaperTest, LeavesTheChildrenThatItStartedToTheirStarters) {
  ChildReaper reaper(handlers(), milliseconds(1000));
  SpawnSpec spec;
  spec.argv = {"/usr/bin/setsid", "/bin/sh", "-c", "sleep 0.1; exit 7"};
  spec.fds = {0, 1, 2};
  const auto child = reaper.start(spec);
  ASSERT_TRUE(child) << child.error().to_string();
  leave_behind([] {});  // so that it looks
  int status = -1;
  ASSERT_TRUE(wait_until([&] { return status != -1 || (status = reaper.collect(*child)) != -1; }));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_TRUE(reaper.end_leftovers(milliseconds(2000)).empty());
}

TEST_F(ChildReaperTest, CollectsSoonWhatIsAboutToEnd) {
  ChildReaper reaper(handlers(), milliseconds(1000));
  SpawnSpec spec;
  spec.argv = {"/usr/bin/setsid", "/bin/sleep", "0.1"};
  spec.fds = {0, 1, 2};
  const auto child = reaper.start(spec);
  ASSERT_TRUE(child) << child.error().to_string();
  reaper.collect_soon(*child);
  EXPECT_TRUE(wait_until([&] { return !read_process(*child); }));
  EXPECT_EQ(ended_, 0U) << "it was no leftover";
}

TEST_F(ChildReaperTest, EndsAChildThatItsStarterGaveUp) {
  ChildReaper reaper(handlers(), milliseconds(1000));
  SpawnSpec spec;
  spec.argv = {"/usr/bin/setsid", "/bin/sleep", "600"};
  spec.fds = {0, 1, 2};
  const auto child = reaper.start(spec);
  ASSERT_TRUE(child) << child.error().to_string();
  ASSERT_TRUE(wait_until([&] { return read_process(*child)->session == *child; }));
  reaper.leave(*child);
  EXPECT_TRUE(wait_until([&] { return ended_ == 1; }));
  EXPECT_FALSE(read_process(*child));
}

// A script engine in a fork of its own, sudo, useradd: their starters wait for them.
TEST_F(ChildReaperTest, DoesNotTouchChildrenInItsOwnSession) {
  ChildReaper reaper(handlers(), milliseconds(1000));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(5);
  leave_behind([] {});
  EXPECT_TRUE(reaper.end_leftovers(milliseconds(2000)).empty());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

// A stopped process does not see a polite signal.
TEST_F(ChildReaperTest, EndsWhatIsStopped) {
  ChildReaper reaper(handlers(), milliseconds(5000));
  leave_behind([] {
    ::raise(SIGSTOP);
    while (true) ::pause();
  });
  EXPECT_TRUE(wait_until([&] { return ended_ > 0 && children_of(::getpid()).empty(); }));
}

}  // namespace
}  // namespace porpoise
