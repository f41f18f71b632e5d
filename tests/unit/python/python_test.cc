#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/script_host.h"

namespace porpoise {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Python : public ::testing::Test {
 protected:
  Python() { task_.work_dir = host_.work_dir(); }

  support::LoadedTask::Ending run(const std::string& script) {
    auto prepared = task_.prepare(dump_json(Json{{"rawScript", script}}));
    return prepared.status == PORPOISE_OK ? task_.run() : prepared;
  }

  // A program that tells how it was called, to stand for a Python interpreter.
  std::filesystem::path make_interpreter(const std::string& file, unsigned mode = 0755) {
    const std::filesystem::path path = host_.work_dir() / file;
    std::filesystem::create_directories(path.parent_path());
    EXPECT_TRUE(write_file(path, "#!/bin/bash\necho \"$0 runs $1\"\n", mode, Durability::kAtomic));
    return path;
  }
  void set_home(const std::string& home) { host_.environment_script = "export PYTHON_HOME='" + home + "'"; }
  std::string script_path() const { return (host_.work_dir() / "py_3_7.py").native(); }

  support::ScriptHost host_;
  support::LoadedTask task_{host_, "python.so", "PYTHON"};
};

TEST_F(Python, RunsTheScriptByThePythonOfThePath) {
  host_.parameters["who"] = "porpoise";
  const auto ending = run("print('hello ${who}')");
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message << host_.child_output();
  EXPECT_THAT(host_.child_output(),
              StartsWith("Python interpreter: /usr/bin/python3 (PYTHON_HOME is not set, found in PATH)"));
  EXPECT_THAT(host_.child_output(), EndsWith("hello porpoise\n"));
}

TEST_F(Python, TheFileDeclaresItsEncoding) {
  run("print('ü')");
  EXPECT_EQ(*read_file(script_path(), 1000), "#-*- encoding=utf8 -*-\n\n\nprint('ü')");
}

TEST_F(Python, WithoutPython3ThePathsPythonIsTaken) {
  const auto python = make_interpreter("bin/python");
  host_.environment_script = "PATH=" + python.parent_path().native();
  EXPECT_EQ(run("x").status, PORPOISE_OK);
  EXPECT_THAT(host_.child_output(), HasSubstr(python.native() + " runs " + script_path()));
}

TEST_F(Python, WithoutAnyPythonTheErrorSaysWhereItLooked) {
  host_.environment_script = "PATH=" + host_.work_dir().native();
  const auto ending = run("x");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_EQ(ending.exit_code, 127);
  EXPECT_EQ(host_.child_output(),
            "no Python interpreter: PYTHON_HOME is not set and PATH has neither python3 nor python\n");
}

TEST_F(Python, HomeMayBeAnInterpreterAlsoWithABlankInItsName) {
  const auto python = make_interpreter("my python/python3.11");
  set_home(python.native());
  EXPECT_EQ(run("x").status, PORPOISE_OK);
  EXPECT_THAT(host_.child_output(), HasSubstr("(PYTHON_HOME is this file)"));
  EXPECT_THAT(host_.child_output(), HasSubstr(python.native() + " runs " + script_path()));
}

TEST_F(Python, HomeMayBeAFolderWithPython3OrPython) {
  const auto python = make_interpreter("conda/bin/python");
  set_home((host_.work_dir() / "conda/").native());
  EXPECT_EQ(run("x").status, PORPOISE_OK);
  EXPECT_THAT(host_.child_output(), HasSubstr(python.native() + " runs "));
  const auto python3 = make_interpreter("conda/bin/python3");
  EXPECT_EQ(run("x").status, PORPOISE_OK);
  EXPECT_THAT(host_.child_output(), HasSubstr(python3.native() + " runs "));
}

TEST_F(Python, AFolderWithoutPythonIsAClearError) {
  make_interpreter("empty/bin/python3", 0644);  // not executable
  set_home((host_.work_dir() / "empty").native());
  EXPECT_EQ(run("x").exit_code, 127);
  EXPECT_THAT(host_.child_output(), HasSubstr("empty, which has neither bin/python3 nor bin/python"));
}

TEST_F(Python, HomeMayBeACommandPrefixAsInJava) {
  set_home("nice -n 1 python3");
  EXPECT_EQ(run("print('nice')").status, PORPOISE_OK);
  EXPECT_EQ(host_.child_output(), "Python interpreter: nice -n 1 python3 (PYTHON_HOME is this command)\nnice\n");
}

TEST_F(Python, AHomeThatIsNothingIsAClearError) {
  set_home("/opt/soft/python");
  EXPECT_EQ(run("x").exit_code, 127);
  EXPECT_EQ(
      host_.child_output(),
      "no Python interpreter: PYTHON_HOME=/opt/soft/python is neither an executable file, a folder nor a command\n");
}

TEST_F(Python, WorksUnderStrictShellOptions) {
  host_.environment_script = "set -euo pipefail";
  EXPECT_EQ(run("print(1)").status, PORPOISE_OK) << host_.child_output();
}

TEST_F(Python, OutputIsNotBufferedUnlessTheTaskWantsSo) {
  run("import os; print(os.environ['PYTHONUNBUFFERED'])");
  EXPECT_THAT(host_.child_output(), EndsWith("\n1\n"));
  host_.environment_script = "export PYTHONUNBUFFERED=0x";
  run("import os; print(os.environ['PYTHONUNBUFFERED'])");
  EXPECT_THAT(host_.child_output(), EndsWith("\n0x\n"));
}

TEST_F(Python, AnExceptionFailsTheTask) {
  const auto ending = run("raise ValueError('no data')");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_EQ(ending.message, "script ended with exit code 1");
  EXPECT_THAT(host_.child_output(), HasSubstr("ValueError: no data"));
}

TEST_F(Python, RefusesParametersWithoutAScript) { EXPECT_EQ(task_.prepare("{}").status, PORPOISE_INVALID_PARAMS); }

}  // namespace
}  // namespace porpoise
