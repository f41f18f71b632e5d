#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "base/json.h"
#include "support/script_host.h"

namespace porpoise {
namespace {

using ::testing::HasSubstr;

class Shell : public ::testing::Test {
 protected:
  Shell() { task_.work_dir = host_.work_dir(); }

  support::LoadedTask::Ending prepare(const std::string& script) {
    return task_.prepare(dump_json(Json{{"rawScript", script}}));
  }
  support::LoadedTask::Ending run(const std::string& script) {
    auto prepared = prepare(script);
    return prepared.status == PORPOISE_OK ? task_.run() : prepared;
  }

  support::ScriptHost host_;
  support::LoadedTask task_{host_, "shell.so", "SHELL"};
};

TEST_F(Shell, RunsTheScript) {
  const auto ending = run("echo hello from $((40 + 2))");
  EXPECT_EQ(ending.status, PORPOISE_OK);
  EXPECT_EQ(ending.exit_code, 0);
  EXPECT_EQ(host_.child_output(), "hello from 42\n");
}

TEST_F(Shell, WritesAnExecutableFileNamedAfterTheTask) {
  run("echo");
  struct stat info {};
  ASSERT_EQ(::stat((host_.work_dir() / "3_7_node.sh").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0700U, 0700U);
}

TEST_F(Shell, ReplacesPlaceholders) {
  host_.parameters["who"] = "porpoise";
  run("echo ${who} '${unknown}'");
  EXPECT_EQ(host_.child_output(), "porpoise ${unknown}\n");
}

TEST_F(Shell, WindowsLineEndsDoNotReachBash) {
  EXPECT_EQ(run("if true\r\nthen echo yes\r\nfi\r\n").status, PORPOISE_OK);
  EXPECT_EQ(host_.child_output(), "yes\n");
}

TEST_F(Shell, AFirstLineMayNameAnotherInterpreter) {
  EXPECT_EQ(run("#!/bin/cat\nthis is printed").status, PORPOISE_OK);
  EXPECT_EQ(host_.child_output(), "#!/bin/cat\nthis is printed");
}

TEST_F(Shell, SeesTheEnvironmentOfTheTask) {
  host_.environment_script = "export GREETING='good morning'";
  run("echo $GREETING");
  EXPECT_EQ(host_.child_output(), "good morning\n");
}

TEST_F(Shell, AnExitCodeIsAFailureThatNamesIt) {
  const auto ending = run("exit 3");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_EQ(ending.exit_code, 3);
  EXPECT_EQ(ending.message, "script ended with exit code 3");
}

TEST_F(Shell, TheCodesOfBashAreExplained) {
  EXPECT_EQ(run("no-such-command-here").message, "script ended with exit code 127 (a command was not found)");
  EXPECT_EQ(run("kill -KILL $BASHPID").message, "script ended with exit code 137 (a command was ended by SIGKILL)");
}

TEST_F(Shell, ASignalIsAFailureThatNamesIt) {
  const auto ending = run("kill -SEGV $PPID");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_EQ(ending.exit_code, 139);
  EXPECT_EQ(ending.message, "script was ended by SIGSEGV");
}

TEST_F(Shell, ACancelledScriptIsCancelled) {
  ASSERT_EQ(prepare("echo started; sleep 1000").status, PORPOISE_OK);
  std::thread canceller([this] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (host_.child_output().empty() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    host_.cancel();
  });
  const auto ending = task_.run();
  canceller.join();
  EXPECT_EQ(ending.status, PORPOISE_CANCELLED);
}

TEST_F(Shell, RefusesParametersThatGiveNoScript) {
  for (const auto& [params, reason] : {std::pair(R"({})", "rawScript is missing"),
                                       {R"({"rawScript":null})", "rawScript is missing"},
                                       {R"({"rawScript":" \r\n\t"})", "rawScript is empty"},
                                       {R"({"rawScript":[]})", "rawScript is not a text"},
                                       {R"([])", "not a JSON object"},
                                       {R"({"rawScript")", "cannot read the task's parameters: line 1"},
                                       {"", "cannot read the task's parameters"}}) {
    const auto ending = task_.prepare(params);
    EXPECT_EQ(ending.status, PORPOISE_INVALID_PARAMS) << params;
    EXPECT_THAT(ending.message, HasSubstr(reason));
  }
}

TEST_F(Shell, AnErrorInPlaceholdersIsInvalid) {
  host_.parameters = {{"a", "${b}"}, {"b", "${a}"}};
  const auto ending = prepare("echo ${a}");
  EXPECT_EQ(ending.status, PORPOISE_INVALID_PARAMS);
  EXPECT_THAT(ending.message, HasSubstr("circular reference"));
}

TEST_F(Shell, ThePlanShowsTheScriptAndWritesNothing) {
  host_.parameters["who"] = "porpoise";
  ASSERT_EQ(prepare("echo ${who}").status, PORPOISE_OK);
  EXPECT_EQ(task_.plan(), "would run 3_7_node.sh:\necho porpoise");
  EXPECT_TRUE(std::filesystem::is_empty(host_.work_dir()));
}

}  // namespace
}  // namespace porpoise
