#include "process/process_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "process/kill_tree.h"
#include "process/spawn.h"

namespace porpoise {
namespace {

using testing::IsEmpty;

bool has_sleep(const std::vector<ProcessInfo>& processes) {
  return std::any_of(processes.begin(), processes.end(),
                     [](const ProcessInfo& process) { return process.name == "sleep"; });
}

// A leader of a session with one child.
class Leader {
 public:
  Leader() {
    SpawnSpec spec;
    spec.argv = {"/usr/bin/setsid", "/bin/bash", "-c", "sleep 300 & wait"};
    spec.fds = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    pid_ = spawn(spec).value_or(0);
  }
  ~Leader() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);  // its group is its session's only one
    ::waitpid(pid_, nullptr, 0);
  }

  TaskIdentity mark() const {
    return {pid_, read_process(pid_).value_or(ProcessInfo{}).start_ticks, "NO_SUCH_COOKIE=1"};
  }
  pid_t pid() const { return pid_; }
  bool wait_for_child() const {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!has_sleep(descendants(list_processes(), pid_)) && std::chrono::steady_clock::now() < limit)
      ::poll(nullptr, 0, 2);
    return has_sleep(descendants(list_processes(), pid_));
  }

 private:
  pid_t pid_ = 0;
};

TEST(TaskProcesses, AreTheMembersOfItsSessionButNotTheHost) {
  const Leader leader;
  ASSERT_TRUE(leader.wait_for_child());
  const auto found = task_processes(leader.mark());
  EXPECT_EQ(found.size(), 1U) << describe(found);
  EXPECT_TRUE(has_sleep(found)) << describe(found);
}

TEST(TaskProcesses, AreNotThoseOfWhoGotTheNumberOfTheHost) {
  const Leader leader;
  ASSERT_TRUE(leader.wait_for_child());
  TaskIdentity mark = leader.mark();
  mark.start_ticks -= 1;  // an earlier process of that number
  EXPECT_THAT(describe(task_processes(mark)), IsEmpty());
}

// Whoever repeats it until nobody is left must not count those that have ended: their parent, which is stopped, never
// waits for them.
TEST(KillDescendants, SaysHowManyLivedAndCountsNoZombie) {
  const Leader leader;
  ASSERT_TRUE(leader.wait_for_child());
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  ::kill(leader.pid(), SIGSTOP);
  while (!read_process(leader.pid())->stopped() && std::chrono::steady_clock::now() < limit) ::poll(nullptr, 0, 2);
  EXPECT_EQ(kill_descendants(leader.pid()), 1U);
  while (kill_descendants(leader.pid()) > 0 && std::chrono::steady_clock::now() < limit) ::poll(nullptr, 0, 2);
  EXPECT_EQ(kill_descendants(leader.pid()), 0U);
  EXPECT_EQ(children_of(leader.pid()).size(), 1U);
}

}  // namespace
}  // namespace porpoise
