#include "taskhost/command_file.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

TaskRequest request_in(const char* folder) {
  TaskRequest request;
  request.execute_path = folder;
  return request;
}

TEST(CommandFile, SetsTheSceneBeforeTheCommand) {
  EXPECT_EQ(command_file(request_in("/w"), "run me"), "#!/bin/bash\nBASEDIR='/w'\ncd \"$BASEDIR\" || exit 1\nrun me\n");
}

TEST(CommandFile, SourcesTheEnvFileOnlyWithoutAnEnvironment) {
  TaskRequest request = request_in("/w");
  request.env_file = "/etc/it's mine.sh";
  EXPECT_NE(command_file(request, "x").find("\nsource '/etc/it'\\''s mine.sh'\nx\n"), std::string::npos);
  request.environment_config = " \r\n\t";
  EXPECT_NE(command_file(request, "x").find("\nsource "), std::string::npos);
  request.environment_config = "export A=1\nexport B=2";
  EXPECT_EQ(command_file(request, "x").find("source"), std::string::npos);
  EXPECT_NE(command_file(request, "x").find("\nexport A=1\nexport B=2\nx\n"), std::string::npos);
}

TEST(CommandFile, SetsAnEnvironmentThatItsCallerDoesNotPassOn) {
  const char* const environment[] = {"PATH=/opt/it's:/bin",     "EMPTY=",  "UID=5",
                                     "BASH_FUNC_f%%=() { :; }", "no name", nullptr};
  const std::string lines = environment_lines(environment);
  EXPECT_EQ(lines.substr(lines.find('\n') + 1), "export PATH='/opt/it'\\''s:/bin'\nexport EMPTY=''\n");
  EXPECT_EQ(lines.find("unset SUDO_"), 0U);
  EXPECT_EQ(command_file(request_in("/w"), "x", "export A='1'\n").find("#!/bin/bash\nexport A='1'\nBASEDIR="), 0U);
}

TEST(CommandFile, QuotesWhatBashWouldRead) {
  EXPECT_EQ(quote_for_shell("a b$c`d`'e'\n"), "'a b$c`d`'\\''e'\\''\n'");
  EXPECT_EQ(quote_for_shell(""), "''");
}

}  // namespace
}  // namespace porpoise
