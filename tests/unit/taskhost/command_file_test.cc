#include "taskhost/plugin_children.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

TaskRequest request_in(const char* folder) {
  TaskRequest request;
  request.execute_path = folder;
  return request;
}

std::string file_of(const TaskRequest& request, std::string_view text, std::string_view inherited = "") {
  Command command;
  command.text = text;
  command.inherited = inherited;
  const auto file = command_file(request, command);
  return file ? *file : file.error().to_string();
}

TEST(CommandFile, SetsTheSceneBeforeTheCommand) {
  EXPECT_EQ(file_of(request_in("/w"), "run me"), "#!/bin/bash\nBASEDIR='/w'\ncd \"$BASEDIR\" || exit 1\nrun me\n");
}

TEST(CommandFile, SourcesTheEnvFileOnlyWithoutAnEnvironment) {
  TaskRequest request = request_in("/w");
  request.env_file = "/etc/it's mine.sh";
  EXPECT_NE(file_of(request, "x").find("\nsource '/etc/it'\\''s mine.sh'\nx\n"), std::string::npos);
  request.environment_config = " \r\n\t";
  EXPECT_NE(file_of(request, "x").find("\nsource "), std::string::npos);
  request.environment_config = "export A=1\nexport B=2";
  EXPECT_EQ(file_of(request, "x").find("source"), std::string::npos);
  EXPECT_NE(file_of(request, "x").find("\nexport A=1\nexport B=2\nx\n"), std::string::npos);
}

TEST(CommandFile, SetsAnEnvironmentThatItsCallerDoesNotPassOn) {
  const char* const environment[] = {"PATH=/opt/it's:/bin",     "EMPTY=",  "UID=5",
                                     "BASH_FUNC_f%%=() { :; }", "no name", nullptr};
  const std::string lines = environment_lines(environment);
  EXPECT_EQ(lines.substr(lines.find('\n') + 1), "export PATH='/opt/it'\\''s:/bin'\nexport EMPTY=''\n");
  EXPECT_EQ(lines.find("unset SUDO_"), 0U);
  EXPECT_EQ(file_of(request_in("/w"), "x", "export A='1'\n").find("#!/bin/bash\nexport A='1'\nBASEDIR="), 0U);
}

TEST(CommandFile, KeepsThePipesOfACommandFromWhatSetsTheScene) {
  TaskRequest request = request_in("/w");
  request.environment_config = "export A=1";
  Command command;
  command.text = "cat";
  command.environment = {"B=it's"};
  command.directory = "sub dir";
  command.ignores_cancel = command.has_input = command.output_is_read = true;
  EXPECT_EQ(command_file(request, command).value_or(""),
            "#!/bin/bash\ntrap '' TERM\nBASEDIR='/w'\ncd \"$BASEDIR\" || exit 1\n"
            "exec {porpoise_input}<&0 </dev/null\nexec {porpoise_output}>&1 >&2\n"
            "export A=1\n"
            "exec <&\"$porpoise_input\" {porpoise_input}<&-\nexec >&\"$porpoise_output\" {porpoise_output}>&-\n"
            "export B='it'\\''s'\ncd -- \"$BASEDIR\"/'sub dir' || exit 1\ncat\n");
}

TEST(CommandFile, SaysThatItGotPastTheEnvironment) {
  TaskRequest request = request_in("/w");
  request.env_file = "/e.sh";
  Command command;
  command.text = "cat";
  command.began = "/w/a.command.began";
  const std::string file = command_file(request, command).value_or("");
  EXPECT_TRUE(file.ends_with("source '/e.sh'\n: > '/w/a.command.began'\ncat\n")) << file;
}

TEST(CommandFile, RefusesAVariableThatBashCannotSet) {
  for (const char* const entry : {"UID=1", "a b=1", "1a=1", "no value", "=1"}) {
    Command command;
    command.text = "x";
    command.environment = {entry};
    EXPECT_FALSE(command_file(request_in("/w"), command)) << entry;
  }
}

TEST(CommandFile, QuotesWhatBashWouldRead) {
  EXPECT_EQ(quote_for_shell("a b$c`d`'e'\n"), "'a b$c`d`'\\''e'\\''\n'");
  EXPECT_EQ(quote_for_shell(""), "''");
}

}  // namespace
}  // namespace porpoise
