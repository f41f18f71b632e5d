// dolphinscheduler_env.sh: what a real bash makes of it.
#include "config/ds/env_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "config/worker_settings.h"
#include "process/process_info.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class EnvScriptTest : public testing::Test {
 protected:
  EnvScriptTest() { std::filesystem::create_directory(folder_ / "conf"); }

  std::filesystem::path file() const { return folder_ / "conf/dolphinscheduler_env.sh"; }
  void write(const std::string& text) { write_to(file(), text); }
  void write_to(const std::filesystem::path& path, const std::string& text) {
    ASSERT_TRUE(write_file(path, text, 0644, Durability::kAtomic));
  }

  // "NAME=value < line 3", the folder left out.
  std::vector<std::string> exports(const Variables& environment = {}) {
    const auto script = source_env_script(file(), environment);
    if (!script) return {"error: " + without_folder(script.error().to_string())};
    std::vector<std::string> found;
    for (const EnvExport& one : script->exports)
      found.push_back(one.name + "=" + one.value + " < " + without_folder(one.origin));
    std::sort(found.begin(), found.end());
    return found;
  }

  // The value of a key and its origin as `porpoise config show` has them, or the error.
  std::string shown(std::string_view key, const Variables& environment = {}) {
    const auto sources = read_settings_sources(folder_ / "porpoise.yaml", folder_ / "conf", environment, {});
    if (!sources) return "error: " + without_folder(sources.error().to_string());
    const auto resolved = resolve_settings(*sources);
    if (!resolved) return "error: " + without_folder(resolved.error().to_string());
    for (const ResolvedSetting& setting : resolved->settings)
      if (setting.key == key) return setting.value + " < " + without_folder(setting.origin);
    return "no such key";
  }

  std::string without_folder(std::string text) const {
    for (std::size_t at = 0; (at = text.find(folder_.string() + "/")) != std::string::npos;)
      text.erase(at, folder_.string().size() + 1);
    return text;
  }

  const support::TempFolder made_{"env"};
  const std::filesystem::path folder_ = made_.path();
};

TEST_F(EnvScriptTest, MeansWhatBashSays) {
  write(
      "#!/bin/bash\n"
      "export A=${SET:-no}\n"
      "export B=\"${UNSET:-filled}:${EMPTY-no}\"\n"
      "export C=\"$A and 'b'\" # a comment\n"
      "export D='$A'\n"
      "  export E=$(echo from a command)\n"
      "if [ -n \"$A\" ]; then export F=1 G=2; fi\n"
      "H=later\n"
      "export H\n"
      "export BARE\n"
      "not_exported=1\n"
      "export I=first; export I=\"two\nlines\"\n"
      "echo export X=1\n");
  EXPECT_THAT(
      exports({{"SET", "given"}, {"EMPTY", ""}}),
      ElementsAre("A=given < conf/dolphinscheduler_env.sh line 2", "B=filled: < conf/dolphinscheduler_env.sh line 3",
                  "C=given and 'b' < conf/dolphinscheduler_env.sh line 4", "D=$A < conf/dolphinscheduler_env.sh line 5",
                  "E=from a command < conf/dolphinscheduler_env.sh line 6", "F=1 < conf/dolphinscheduler_env.sh line 7",
                  "G=2 < conf/dolphinscheduler_env.sh line 7", "H=later < conf/dolphinscheduler_env.sh line 8",
                  "I=two\nlines < conf/dolphinscheduler_env.sh line 13"));
}

TEST_F(EnvScriptTest, QuotedDefaultsAreTheValue) {
  write(
      "export REGISTRY_ZOOKEEPER_CONNECT_STRING=\"${REGISTRY_ZOOKEEPER_CONNECT_STRING:-zk1:2181,zk2:2181}\"\n"
      "export SPRING_JACKSON_TIME_ZONE=\"${SPRING_JACKSON_TIME_ZONE:-Asia/Shanghai}\"\n");
  write_to(folder_ / "porpoise.yaml", "");
  EXPECT_EQ(shown("zookeeper"), "zk1:2181,zk2:2181 < conf/dolphinscheduler_env.sh line 1");
  EXPECT_EQ(shown("time-zone"), "Asia/Shanghai < conf/dolphinscheduler_env.sh line 2");
  EXPECT_EQ(shown("zookeeper", {{"REGISTRY_ZOOKEEPER_CONNECT_STRING", "zk9:2181"}}),
            "zk9:2181 < environment REGISTRY_ZOOKEEPER_CONNECT_STRING");
}

TEST_F(EnvScriptTest, LinesOfAHereDocumentAreNoExports) {
  write(
      "cat > /dev/null <<EOF\n"
      "export REGISTRY_ZOOKEEPER_CONNECT_STRING=wrong:2181\n"
      "EOF\n"
      "export SPRING_JACKSON_TIME_ZONE=Asia/Shanghai\n");
  write_to(folder_ / "porpoise.yaml", "");
  EXPECT_EQ(shown("zookeeper"), "127.0.0.1:2181 < default");
  EXPECT_EQ(shown("time-zone"), "Asia/Shanghai < conf/dolphinscheduler_env.sh line 4");
}

TEST_F(EnvScriptTest, WhatASourcedFileExportsHasItsLine) {
  write("export JAVA_HOME=/opt/java\nsource \"$DOLPHINSCHEDULER_HOME/site.sh\"\n");
  write_to(folder_ / "site.sh",
           "\nREGISTRY_ZOOKEEPER_CONNECT_STRING=zk1:2181\nexport REGISTRY_ZOOKEEPER_CONNECT_STRING\n");
  write_to(folder_ / "porpoise.yaml", "");
  EXPECT_EQ(shown("zookeeper"), "zk1:2181 < site.sh line 2");
}

TEST_F(EnvScriptTest, ASourcedFileThatAnotherUserCanChangeIsDistrusted) {
  write("source " + (folder_ / "site.sh").string() + "\n");
  write_to(folder_ / "site.sh", "export A=1\n");
  ASSERT_EQ(::chmod((folder_ / "site.sh").c_str(), 0666), 0);
  write_to(folder_ / "porpoise.yaml", "");
  const auto sources = read_settings_sources(folder_ / "porpoise.yaml", folder_ / "conf", {}, {});
  ASSERT_TRUE(sources);
  const auto resolved = resolve_settings(*sources);
  ASSERT_TRUE(resolved);
  EXPECT_THAT(judge_files(*resolved).distrusted, ElementsAre(HasSubstr("site.sh")));
}

TEST_F(EnvScriptTest, AScriptThatAnotherUserCanChangeIsNotRun) {
  write("touch " + (folder_ / "was run").string() + "\n");
  ASSERT_EQ(::chmod(file().c_str(), 0666), 0);
  write_to(folder_ / "porpoise.yaml", "");
  const auto sources = read_settings_sources(folder_ / "porpoise.yaml", folder_ / "conf", {}, {});
  ASSERT_TRUE(sources);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "was run"));
  EXPECT_THAT(resolve_settings(*sources)->ignored,
              ElementsAre(HasSubstr("not sourced, as another user could change it")));
}

TEST_F(EnvScriptTest, AFileThatCannotBeSourcedLeavesNoKeyToAGuess) {
  write("export JAVA_HOME=/opt/java\nsource /nowhere/site.sh\n");
  write_to(folder_ / "porpoise.yaml", "");
  EXPECT_EQ(
      shown("zookeeper"),
      "error: conf/dolphinscheduler_env.sh line 2: /nowhere/site.sh: No such file or directory; it may set "
      "zookeeper, which would be a guess now: mend the file, or give zookeeper in porpoise.yaml or by --zookeeper");
  write_to(folder_ / "porpoise.yaml", "worker: {zookeeper: \"zk1:2181\", time-zone: UTC}\n");
  EXPECT_EQ(shown("zookeeper"), "zk1:2181 < porpoise.yaml line 1");
}

TEST_F(EnvScriptTest, AMistakeOfSyntaxLeavesNoKeyToAGuess) {
  write("export SPRING_JACKSON_TIME_ZONE=UTC\nif true; then\nexport REGISTRY_ZOOKEEPER_CONNECT_STRING=zk1:2181\n");
  write_to(folder_ / "porpoise.yaml", "");
  EXPECT_THAT(shown("zookeeper"), HasSubstr("syntax error: unexpected end of file; it may set zookeeper"));
}

TEST_F(EnvScriptTest, AFailedCommandIsNamedAndNothingIsLost) {
  write("export JAVA_HOME=$(no_such_command_here)\nexport REGISTRY_ZOOKEEPER_CONNECT_STRING=zk1:2181\n");
  const auto script = source_env_script(file(), {{"PATH", "/usr/bin:/bin"}});
  ASSERT_TRUE(script) << script.error().to_string();
  EXPECT_THAT(script->problems, ElementsAre(HasSubstr("line 1: command not found")));
  EXPECT_EQ(script->gap, "");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}),
              Contains("REGISTRY_ZOOKEEPER_CONNECT_STRING=zk1:2181 < conf/dolphinscheduler_env.sh line 2"));
}

TEST_F(EnvScriptTest, OneThatEndsTheShellIsAnError) {
  write("export A=1\nexit 0\n");
  EXPECT_THAT(exports(), ElementsAre(HasSubstr("it ended the shell that sourced it, with status 0")));
  write("set -e\nfalse\nexport A=1\n");
  EXPECT_THAT(exports(), ElementsAre(HasSubstr("it ended the shell that sourced it, with status 1")));
}

TEST_F(EnvScriptTest, ARestrictedShellIsNotCalledAnExportThatIsTooLong) {
  write("export A=1\nset -r\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), ElementsAre(HasSubstr("it restricts its shell (set -r)")));
}

TEST_F(EnvScriptTest, AFunctionWithTheNameOfABuiltinIsNotCalledAnExit) {
  write("builtin() { :; }\nexport A=1\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), ElementsAre(HasSubstr("a function with the name of a builtin")));
  write("ulimit -n 3\nexport A=1\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}),
              ElementsAre(HasSubstr("a change to the shell itself (exec, ulimit")));
}

// Line 2 runs in a shell of its own.
TEST_F(EnvScriptTest, AnExportInASubshellIsNotTheOriginOfTheValue) {
  write("export KEY=one\n(export KEY=two)\nexport OTHER=$(KEY=three; echo $KEY)\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), Contains("KEY=one < conf/dolphinscheduler_env.sh line 1"));
}

TEST_F(EnvScriptTest, OneThatWaitsIsEndedWithAllThatItStarted) {
  const std::filesystem::path mark = folder_ / "pid";
  write("sleep 1000 &\necho $! > " + mark.string() + "\nread -r line < <(sleep 1000)\n");
  const auto script = source_env_script(file(), {{"PATH", "/usr/bin:/bin"}}, std::chrono::milliseconds(500));
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(script.error().to_string(),
              HasSubstr("dolphinscheduler_env.sh: bash had not come to its end after 500 ms"));
  const pid_t sleeper = std::stoi(read_file(mark, 100).value_or("0"));
  ASSERT_GT(sleeper, 1);
  if (const UniqueFd process = open_pidfd(sleeper)) {
    pollfd end{process.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&end, 1, 30000), 1) << "is still there";
  }
}

TEST_F(EnvScriptTest, WhatItLeavesInTheBackgroundHoldsNothingUp) {
  write("sleep 1000 &\nexport A=1\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), ElementsAre("A=1 < conf/dolphinscheduler_env.sh line 2"));
}

TEST_F(EnvScriptTest, SecretsOfTheWorkerAndWhatSteersBashAreKeptBack) {
  write_to(folder_ / "trap.sh", "export TRAPPED=1\n");
  write("export SEEN=\"$PORPOISE_ZOOKEEPER_DIGEST$TRAPPED\"\n");
  EXPECT_THAT(exports({{"PORPOISE_ZOOKEEPER_DIGEST", "secret"}, {"BASH_ENV", (folder_ / "trap.sh").string()}}),
              ElementsAre("SEEN= < conf/dolphinscheduler_env.sh line 1"));
}

TEST_F(EnvScriptTest, StrictModesOfTheShellDoNotStopIt) {
  write("set -euo pipefail\nexport A=1\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), ElementsAre("A=1 < conf/dolphinscheduler_env.sh line 2"));
}

TEST_F(EnvScriptTest, DescriptorsThatItUsesAreItsOwn) {
  write("exec 3</dev/null 4>&1\nread -r line <&3 || true\nexec 3<&- 4>&-\nexport A=1\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), ElementsAre("A=1 < conf/dolphinscheduler_env.sh line 4"));
}

TEST_F(EnvScriptTest, NothingThatMayBeASecretIsRepeated) {
  for (const char* const line :
       {"set -v", "env >&2", "exec 9>&2; BASH_XTRACEFD=9", "unset BASH_XTRACEFD", "export B=user:TOP SECRET-1",
        "export B=user:x&TOPSECRET", "${V:?user:TOPSECRET}", "exec 3>&2", "echo \"$0: line 1: TOPSECRET\" >&2"}) {
    write(std::string("export REGISTRY_ZOOKEEPER_DIGEST=user:TOPSECRET\n") + line + "\n:\n");
    const auto script = source_env_script(file(), {{"PATH", "/usr/bin:/bin"}});
    const std::vector<std::string> said =
        script ? script->problems : std::vector<std::string>{script.error().to_string()};
    for (const std::string& problem : said) EXPECT_THAT(problem, Not(HasSubstr("SECRET"))) << line;
  }
}

TEST_F(EnvScriptTest, OneThatCannotBeReadIsAnErrorNotADefault) {
  write_to(folder_ / "porpoise.yaml", "");
  std::filesystem::create_symlink("/nowhere", file());
  EXPECT_THAT(shown("zookeeper"), HasSubstr("dolphinscheduler_env.sh"));
  EXPECT_THAT(shown("zookeeper"), HasSubstr("error: "));
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  EXPECT_THAT(shown("zookeeper"), HasSubstr("dolphinscheduler_env.sh is not a file"));
}

TEST_F(EnvScriptTest, AByteOrderMarkLeavesNoKeyToAGuess) {
  write(
      "\xEF\xBB\xBF"
      "export REGISTRY_ZOOKEEPER_CONNECT_STRING=zk1:2181\n");
  write_to(folder_ / "porpoise.yaml", "");
  EXPECT_THAT(shown("zookeeper"), HasSubstr("line 1: begins with a byte order mark"));
}

TEST_F(EnvScriptTest, AFileSourcedFromItsOwnFolderIsFound) {
  write("cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && . ./site.sh\n. <(echo export B=2)\n");
  write_to(folder_ / "conf/site.sh", "declare -x A=1\n");
  const auto script = source_env_script(file(), {{"PATH", "/usr/bin:/bin"}});
  ASSERT_TRUE(script) << script.error().to_string();
  ASSERT_EQ(script->sourced.size(), 1U);
  EXPECT_TRUE(std::filesystem::equivalent(script->sourced[0], folder_ / "conf/site.sh"));
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), ElementsAre("A=1 < ./site.sh line 1", HasSubstr("B=2 < /dev/fd/")));
}

TEST_F(EnvScriptTest, OneThatTurnsTracingOffSaysWhatIsNotKnown) {
  write("set +x\nexport A=1\n");
  const auto script = source_env_script(file(), {});
  ASSERT_TRUE(script);
  EXPECT_THAT(script->problems, ElementsAre(HasSubstr("it turns tracing off (set +x)")));
}

TEST_F(EnvScriptTest, AGapIsSeenInAnyLanguage) {
  write("builtin source /nowhere/site.sh\n");
  write_to(folder_ / "porpoise.yaml", "");
  EXPECT_THAT(shown("zookeeper", {{"LANGUAGE", "de"}, {"LC_ALL", "de_DE.UTF-8"}}),
              HasSubstr("/nowhere/site.sh: No such file or directory; it may set zookeeper"));
}

TEST_F(EnvScriptTest, OneThatExportsTooMuchIsRefused) {
  write("A=0123456789abcdef\nfor i in $(seq 12); do A=$A$A; done\nfor i in $(seq 20); do export \"A$i=$A\"; done\n");
  EXPECT_THAT(exports({{"PATH", "/usr/bin:/bin"}}), ElementsAre(HasSubstr("exports more than 1 MiB")));
}

}  // namespace
}  // namespace porpoise
