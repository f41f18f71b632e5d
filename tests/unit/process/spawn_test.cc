#include "process/spawn.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/descriptor.h"
#include "process/kill_tree.h"

namespace porpoise {
namespace {

// What a program prints until it ends.
std::string output_of(SpawnSpec spec) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd reader(pipe[0]);
  UniqueFd writer(pipe[1]);
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  spec.fds = {nothing.get(), writer.get(), writer.get()};
  const auto pid = spawn(spec);
  if (!pid) return pid.error().to_string();
  writer.reset();
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  EXPECT_EQ(::waitpid(*pid, nullptr, 0), *pid);
  return text;
}

SpawnSpec shell(const std::string& text) {
  return {.argv = {"/bin/sh", "-c", text}, .environment = {}, .directory = {}, .fds = {}, .address_space = {}};
}

TEST(Spawn, GivesTheProgramItsFolderAndGroup) {
  SpawnSpec spec = shell("pwd; cut -d' ' -f5 /proc/$$/stat; echo $$");
  spec.directory = "/usr";
  spec.own_group = true;
  const std::string text = output_of(spec);
  std::istringstream lines(text);
  std::string folder, group, pid;
  lines >> folder >> group >> pid;
  EXPECT_EQ(folder, "/usr");
  EXPECT_EQ(group, pid);
}

TEST(Spawn, ClosesEverythingElse) {
  const UniqueFd secret(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  // No pipeline: a shell holds the pipe's ends for a moment, and they would be listed too.
  EXPECT_EQ(output_of(shell("ls /proc/$$/fd; :")), "0\n1\n2\n");
}

TEST(Spawn, WorksWhereFewDescriptorsAreAllowed) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(output_of(shell("echo ran")), "ran\n");
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Spawn, PlacesDescriptorsWhoseNumbersAreInTheWayOfEachOther) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd reader(pipe[0]);
  UniqueFd writer(pipe[1]);
  SpawnSpec spec = shell("echo hello >&3");
  spec.fds = {2, 1, 0, writer.get()};  // 0 and 2 change places
  const auto pid = spawn(spec);
  ASSERT_TRUE(pid);
  writer.reset();
  char text[16] = {};
  EXPECT_EQ(::read(reader.get(), text, sizeof text), 6);
  EXPECT_STREQ(text, "hello\n");
  EXPECT_EQ(::waitpid(*pid, nullptr, 0), *pid);
}

TEST(Spawn, ResetsSignalsOfTheCaller) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(output_of(shell("grep -E 'Sig(Blk|Ign)' /proc/$$/status | tr -d '\\n'")),
            "SigBlk:\t0000000000000000SigIgn:\t0000000000000000");
  ::signal(SIGPIPE, old);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST(Spawn, OfAMissingProgramOrFolderIsAnErrorAndLeavesNoChild) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "TSan makes vfork a fork, which cannot tell why exec failed";
#endif
  EXPECT_EQ(
      output_of({.argv = {"/no/such/program"}, .environment = {}, .directory = {}, .fds = {}, .address_space = {}}),
      "cannot start /no/such/program: No such file or directory");
  SpawnSpec spec = shell("true");
  spec.directory = "/no/such/folder";
  EXPECT_EQ(output_of(spec), "cannot start /bin/sh: No such file or directory");
  EXPECT_FALSE(spawn(SpawnSpec{}));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Sweep, NeverSignalsAProcessThatHasGotTheNumberOfAnother) {
  const auto pid =
      spawn({.argv = {"/bin/sleep", "1000"}, .environment = {}, .directory = {}, .fds = {}, .address_space = {}});
  ASSERT_TRUE(pid);
  auto info = read_process(*pid);
  ASSERT_TRUE(info);
  info->start_ticks -= 1;  // as an earlier process of this number had
  EXPECT_FALSE(signal_process(*info, SIGKILL));
  EXPECT_EQ(::waitpid(*pid, nullptr, WNOHANG), 0);
  info->start_ticks += 1;
  EXPECT_TRUE(signal_process(*info, SIGKILL));
  EXPECT_EQ(::waitpid(*pid, nullptr, 0), *pid);
  EXPECT_FALSE(signal_process(*info, SIGKILL));
}

TEST(Sweep, KillsStoppedAndStubbornProcesses) {
  SpawnSpec spec = shell("trap '' TERM HUP; sleep 1000 & kill -STOP $$; wait");
  spec.own_group = true;
  const auto pid = spawn(spec);
  ASSERT_TRUE(pid);
  int status = 0;
  ASSERT_EQ(::waitpid(*pid, &status, WUNTRACED), *pid);
  ASSERT_TRUE(WIFSTOPPED(status));
  const FindProcesses find = [&] {
    std::vector<ProcessInfo> found = descendants(list_processes(), ::getpid());
    std::erase_if(found, [&](const ProcessInfo& process) { return process.group != *pid; });
    return found;
  };
  EXPECT_GE(kill_round(find, ::getpgrp()), 2U);
  ASSERT_EQ(::waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

}  // namespace
}  // namespace porpoise
