#include "es5/fence.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "base/unique_fd.h"

namespace porpoise {
namespace {

#if defined(PORPOISE_SANITIZED)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// What a fenced child wrote; `act` gives one character.
std::string told_by_child(char (*act)()) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    fence_in(write_end.get(), std::chrono::seconds(2), [](int) { ::_exit(2); });
    const char told = act();
    ::_exit(::write(kFencedFd, &told, 1) == 1 ? 0 : 1);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  write_end.reset();
  std::array<char, 16> buffer{};
  const ssize_t count = ::read(read_end.get(), buffer.data(), buffer.size());
  ::waitpid(child, nullptr, 0);
  return std::string(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
}

TEST(FenceIn, LeavesNoDescriptorButTheOneToAnswer) {
  const UniqueFd inherited(::open("/dev/null", O_RDONLY));
  ASSERT_GT(inherited.get(), 0);
  const auto any_open = [] {
    for (int fd = 0; fd < 256; ++fd)
      if (char byte = 0; fd != kFencedFd && (::write(fd, &byte, 0) == 0 || errno != EBADF)) return 'y';
    return 'n';
  };
  EXPECT_EQ(told_by_child(any_open), "n");
}

TEST(FenceIn, ForgetsTheSignalHandlersOfTheParent) {
  if (!kSanitized) GTEST_SKIP() << "behind the whole fence a process cannot even signal itself";
  const auto before = ::signal(SIGTERM, [](int) {});
  EXPECT_EQ(told_by_child([] { return ::raise(SIGTERM) == 0 ? 'h' : 'x'; }), "") << "the default action ends the child";
  ::signal(SIGTERM, before);
}

TEST(FenceIn, RefusesSystemCalls) {
  if (kSanitized) GTEST_SKIP() << "the run time of the sanitizers needs calls that the fence refuses";
  EXPECT_EQ(told_by_child([] { return ::open("/etc/passwd", O_RDONLY) == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
  EXPECT_EQ(told_by_child([] { return ::socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
  EXPECT_EQ(told_by_child([] { return ::fork() == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
  EXPECT_EQ(told_by_child([] { return ::kill(::getppid(), 0) == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
}

}  // namespace
}  // namespace porpoise
