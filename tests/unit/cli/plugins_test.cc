#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "unit/cli/run_command.h"
#include "unit/plugin/elf_image.h"

namespace porpoise {
namespace {

using ::testing::HasSubstr;

// The test program lies beside the built plugins, as porpoise does.
Outcome run(const std::vector<std::string>& words) { return run_command(add_plugins_command, words); }

TEST(PluginsCommand, ListsTheBuiltPlugins) {
  const Outcome outcome = run({"plugins", "list"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* const word : {"TYPE", "SHELL", "PYTHON", "HTTP", "shell.so", "Runs a shell script"})
    EXPECT_THAT(outcome.output, HasSubstr(word));
}

TEST(PluginsCommand, ListsAsJsonWithTheProblemsOfAGivenFolder) {
  std::string folder = ::testing::TempDir() + "plugins_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_TRUE(write_file(folder + "/new.so", elf_with_metadata(metadata_of("HELLO", 2)), 0644, Durability::kAtomic));
  const Json json = Json::parse(run({"plugins", "list", "--json", "--plugin-dir", folder}).output);
  EXPECT_GE(json["types"].size(), 3U);
  ASSERT_EQ(json["problems"].size(), 1U);
  EXPECT_EQ(json["problems"][0]["kind"], "refused");
  EXPECT_EQ(json["problems"][0]["file"], folder + "/new.so");
  EXPECT_EQ(json["problems"][0]["reason"], "built for ABI 2, this porpoise has 1");
  EXPECT_THAT(run({"plugins", "list", "--plugin-dir", folder}).output,
              HasSubstr("refused " + folder + "/new.so: built"));
  std::filesystem::remove_all(folder);
}

TEST(PluginsCommand, DescribesTheParametersOfAType) {
  const Outcome outcome = run({"plugins", "describe", "HTTP"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* const word : {"PARAMETER", "httpMethod", "GET | POST | HEAD | PUT | DELETE", "httpParams[].prop",
                                 "yes", "STATUS_CODE_DEFAULT", "Milliseconds to connect"})
    EXPECT_THAT(outcome.output, HasSubstr(word));
}

TEST(PluginsCommand, DescribesAsJsonWithTheSchema) {
  const Json json = Json::parse(run({"plugins", "describe", "--json", "--plugin-dir", "/nowhere", "SHELL"}).output);
  EXPECT_EQ(json["type"], "SHELL");
  EXPECT_EQ(json["flags"], Json::array({"SPAWNS"}));
  EXPECT_EQ(json["params"]["required"], Json::array({"rawScript"}));
}

TEST(PluginsCommand, AnUnknownTypeIsBadUsageWithASuggestion) {
  const Outcome outcome = run({"plugins", "describe", "SHEL"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.errors, HasSubstr("did you mean 'SHELL'?"));
  EXPECT_EQ(outcome.output, "");
}

}  // namespace
}  // namespace porpoise
