// Real children with real pipes, and the process they belong to in the place of a runner.
#include "taskhost/plugin_children.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "base/file.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

class PluginChildrenTest : public testing::Test {
 protected:
  PluginChildrenTest() {
    request_.process_instance_id = 3;
    request_.task_instance_id = 7;
    request_.execute_path = folder_.path();
  }

  // A child of bash text.
  porpoise_child start(const std::string& shell, std::uint32_t flags = 0) {
    porpoise_process_spec spec{};
    spec.size = sizeof spec;
    spec.flags = flags;
    spec.shell = to_c(shell);
    return start(spec);
  }
  porpoise_child start(const porpoise_process_spec& spec) {
    porpoise_child child{};
    child.size = sizeof child;
    porpoise_str error{};
    EXPECT_EQ(children_.spawn(spec, &child, &error), PORPOISE_OK) << to_view(error);
    return child;
  }
  std::string refusal(const porpoise_process_spec& spec, std::uint32_t room = sizeof(porpoise_child)) {
    porpoise_child child{};
    child.size = room;
    porpoise_str error{};
    EXPECT_EQ(children_.spawn(spec, &child, &error), PORPOISE_INVALID_PARAMS);
    return std::string(to_view(error));
  }
  porpoise_exit wait(const porpoise_child& child, std::int64_t timeout_ms = -1) {
    porpoise_exit exit{};
    exit.size = sizeof exit;
    EXPECT_EQ(children_.wait(child.pid, timeout_ms, &exit), PORPOISE_OK);
    return exit;
  }
  static std::string read_all(int fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(fd, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(count));
    ::close(fd);
    return text;
  }
  std::string output() const { return read_file(folder_.path() / "output", 1U << 20U).value_or(""); }

  support::TempFolder folder_{"children"};
  UniqueFd output_{::open((folder_.path() / "output").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  TaskRequest request_;
  const SudoUser nobody_{"", ""};
  PluginChildren children_{request_, nobody_, output_.get()};
};

TEST_F(PluginChildrenTest, TalkThroughPipes) {
  const porpoise_child child = start("read line; echo \"got $line\"; echo oops >&2; exit 3",
                                     PORPOISE_PROCESS_STDIN | PORPOISE_PROCESS_STDOUT | PORPOISE_PROCESS_STDERR);
  ASSERT_EQ(::write(child.stdin_fd, "hello\n", 6), 6);
  ::close(child.stdin_fd);
  EXPECT_EQ(read_all(child.stdout_fd), "got hello\n");
  EXPECT_EQ(read_all(child.stderr_fd), "oops\n");
  pollfd end{child.poll_fd, POLLIN, 0};
  EXPECT_EQ(::poll(&end, 1, 20'000), 1);
  EXPECT_EQ(wait(child).code, 3);
}

TEST_F(PluginChildrenTest, WithoutPipesReadNothingAndPrintToTheLog) {
  const porpoise_child child = start("cat; echo out; echo err >&2");
  EXPECT_EQ(child.stdin_fd, -1);
  EXPECT_EQ(child.stdout_fd, -1);
  EXPECT_EQ(child.stderr_fd, -1);
  EXPECT_EQ(wait(child).code, 0);
  EXPECT_EQ(output(), "out\nerr\n");
}

TEST_F(PluginChildrenTest, KeepTheirPipesFromTheEnvironmentThatIsSetUpBefore) {
  request_.environment_config = "cat; echo noise; export A=1";
  const porpoise_child child = start("echo $A; cat", PORPOISE_PROCESS_STDIN | PORPOISE_PROCESS_STDOUT);
  ASSERT_EQ(::write(child.stdin_fd, "mine\n", 5), 5);
  ::close(child.stdin_fd);
  EXPECT_EQ(read_all(child.stdout_fd), "1\nmine\n");
  EXPECT_EQ(output(), "noise\n");
  wait(child);
}

TEST_F(PluginChildrenTest, LeaveNoOtherDescriptorOpen) {
  const porpoise_child child =
      start("ls -l /proc/self/fd | grep -c pipe:", PORPOISE_PROCESS_STDIN | PORPOISE_PROCESS_STDOUT);
  EXPECT_EQ(read_all(child.stdout_fd), "2\n");
  ::close(child.stdin_fd);
  wait(child);
}

TEST_F(PluginChildrenTest, RunAProgramWithItsWordsVariablesAndDirectory) {
  std::filesystem::create_directories(folder_.path() / "a b");
  request_.environment_config = "export B=from_the_environment";
  const std::string text = "printf '%s|' \"$1\" \"$A\" \"$B\" \"$PWD\"";
  const porpoise_str argv[] = {to_c("bash"), to_c("-c"), to_c(text), to_c("x"), to_c("it's $HOME")};
  const porpoise_str env[] = {to_c("A=b'c"), to_c("B=mine")};
  porpoise_process_spec spec{};
  spec.size = sizeof spec;
  spec.flags = PORPOISE_PROCESS_STDOUT;
  spec.argv = argv;
  spec.argc = 5;
  spec.env = env;
  spec.env_count = 2;
  spec.directory = to_c("a b");
  const porpoise_child child = start(spec);
  EXPECT_EQ(read_all(child.stdout_fd), "it's $HOME|b'c|mine|" + (folder_.path() / "a b").string() + "|");
  EXPECT_EQ(wait(child).code, 0);
}

TEST_F(PluginChildrenTest, AreWaitedForAsLongAsIsSaid) {
  const porpoise_child child = start("read line", PORPOISE_PROCESS_STDIN);
  porpoise_exit exit{};
  exit.size = sizeof exit;
  EXPECT_EQ(children_.wait(child.pid, 0, &exit), PORPOISE_TIMED_OUT);
  EXPECT_EQ(children_.wait(child.pid, 30, &exit), PORPOISE_TIMED_OUT);
  ::close(child.stdin_fd);
  EXPECT_EQ(wait(child, 20'000).code, 1);  // of read: the input is over
  EXPECT_EQ(children_.wait(child.pid, -1, &exit), PORPOISE_INVALID_PARAMS) << "it is forgotten";
  EXPECT_EQ(children_.wait(1, 0, &exit), PORPOISE_INVALID_PARAMS);
  EXPECT_EQ(children_.wait(-1, 0, &exit), PORPOISE_INVALID_PARAMS);
}

TEST_F(PluginChildrenTest, AreSignalledWithWhatTheyHaveStarted) {
  const porpoise_child child = start("(echo; sleep 300) & wait", PORPOISE_PROCESS_STDOUT);
  char byte = 0;
  ASSERT_EQ(::read(child.stdout_fd, &byte, 1), 1);
  porpoise_str error{};
  EXPECT_EQ(children_.signal(child.pid, SIGKILL, &error), PORPOISE_OK);
  EXPECT_EQ(read_all(child.stdout_fd), "") << "the last holder of the pipe is gone";
  const porpoise_exit exit = wait(child);
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_EQ(exit.code, 128 + SIGKILL);
  EXPECT_EQ(children_.signal(child.pid, SIGKILL, &error), PORPOISE_INVALID_PARAMS);
  EXPECT_THAT(to_view(error), HasSubstr("it is no child"));
}

TEST_F(PluginChildrenTest, SignalNobodyElse) {
  porpoise_str error{};
  EXPECT_EQ(children_.signal(::getppid(), SIGKILL, &error), PORPOISE_INVALID_PARAMS);
  EXPECT_EQ(children_.signal(-1, SIGKILL, &error), PORPOISE_INVALID_PARAMS);
  const porpoise_child child = start("read line", PORPOISE_PROCESS_STDIN);
  for (const int number : {0, -1, 1000})
    EXPECT_EQ(children_.signal(child.pid, number, &error), PORPOISE_INVALID_PARAMS);
  ::close(child.stdin_fd);
  wait(child);
}

TEST_F(PluginChildrenTest, OutliveACancelWhenToldSo) {
  const porpoise_child child =
      start("bash -c 'echo begun; read line; echo \"$line\"'",
            PORPOISE_PROCESS_STDIN | PORPOISE_PROCESS_STDOUT | PORPOISE_PROCESS_IGNORES_CANCEL);
  char begun[6];
  ASSERT_EQ(::read(child.stdout_fd, begun, sizeof begun), 6);
  porpoise_str error{};
  EXPECT_EQ(children_.signal(child.pid, SIGTERM, &error), PORPOISE_OK);
  ASSERT_EQ(::write(child.stdin_fd, "last words\n", 11), 11);
  ::close(child.stdin_fd);
  EXPECT_EQ(read_all(child.stdout_fd), "last words\n");
  EXPECT_EQ(wait(child).code, 0);
}

TEST_F(PluginChildrenTest, AreNotStartedFromASpecThatMakesNoSense) {
  porpoise_process_spec spec{};
  spec.size = sizeof spec;
  EXPECT_THAT(refusal(spec), HasSubstr("either a program or a text for bash"));
  const porpoise_str word = to_c("true");
  spec.argv = &word;
  spec.argc = 1;
  spec.shell = to_c("true");
  EXPECT_THAT(refusal(spec), HasSubstr("either a program or a text for bash"));
  spec.shell = {};
  EXPECT_THAT(refusal(spec, 16), HasSubstr("porpoise_child is too small"));
  const porpoise_str bad = to_c("UID=0");
  spec.env = &bad;
  spec.env_count = 1;
  EXPECT_THAT(refusal(spec), HasSubstr("cannot set the variable UID"));
  spec.env = nullptr;
  EXPECT_THAT(refusal(spec), HasSubstr("environment has no sensible length"));
  spec.env_count = 0;
  spec.argv = nullptr;
  EXPECT_THAT(refusal(spec), HasSubstr("command has no sensible length"));
}

// A plugin built when the struct ended earlier: what lies behind it is not read.
TEST_F(PluginChildrenTest, ReadAndWriteOnlyWhatLiesInsideTheSizeOfTheOtherSide) {
  porpoise_process_spec spec{};
  spec.size = offsetof(porpoise_process_spec, env);
  spec.shell = to_c("exit 5");
  spec.env_count = ~std::uint64_t{0};
  const porpoise_child child = start(spec);
  EXPECT_EQ(child.size, sizeof child);
  porpoise_exit exit{};
  exit.size = offsetof(porpoise_exit, signal);
  exit.signal = 77;
  EXPECT_EQ(children_.wait(child.pid, -1, &exit), PORPOISE_OK);
  EXPECT_EQ(exit.code, 5);
  EXPECT_EQ(exit.signal, 77) << "beyond its size";
  EXPECT_EQ(exit.size, offsetof(porpoise_exit, signal)) << "nobody changes a size";
}

}  // namespace
}  // namespace porpoise
