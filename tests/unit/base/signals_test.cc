#include "base/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace porpoise {
namespace {

bool is_blocked(int signal) {
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return ::sigismember(&now, signal) == 1;
}

TEST(BlockedSignals, AThreadBegunMeanwhileHasAllOfThemBlockedForGood) {
  bool began_blocked = false;
  std::thread thread;
  {
    const BlockedSignals blocked;
    thread = std::thread([&] { began_blocked = is_blocked(SIGTERM) && is_blocked(SIGCHLD) && is_blocked(SIGUSR1); });
  }
  thread.join();
  EXPECT_TRUE(began_blocked);
}

TEST(BlockedSignals, TheThreadGetsBackTheMaskThatItHad) {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
  {
    const BlockedSignals blocked;
    const BlockedSignals inner;
    EXPECT_TRUE(is_blocked(SIGTERM));
  }
  EXPECT_FALSE(is_blocked(SIGTERM));
  EXPECT_TRUE(is_blocked(SIGUSR2));
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
}

TEST(Signals, AChildCanGiveAllSignalsTheirDefaultHandling) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGPIPE, SIG_IGN);
    reset_signal_handlers();
    ::raise(SIGPIPE);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGPIPE);
}

TEST(Signals, AreNamedByNumberAndName) {
  EXPECT_EQ(describe_signal(SIGSEGV), "signal 11 (SIGSEGV)");
  EXPECT_EQ(describe_signal(4000), "signal 4000");
}

}  // namespace
}  // namespace porpoise
