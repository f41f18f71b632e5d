#include "config/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace porpoise {
namespace {

std::string problem_of(const std::string& yaml) {
  const auto config = parse_config(yaml);
  return config ? "no problem" : config.error().to_string();
}

TEST(Config, GivesEachPluginItsOwnSectionAsJson) {
  const auto config = parse_config(
      "plugins:\n"
      "  OPENMLDB:\n"
      "    apiservers: {\"127.0.0.1:2181/openmldb\": \"http://127.0.0.1:9080\"}\n"
      "    settleMillis: 0\n"
      "  SWITCH: {compat: 3.1.9}\n");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->plugin("OPENMLDB"),
            Json::parse(R"({"apiservers":{"127.0.0.1:2181/openmldb":"http://127.0.0.1:9080"},"settleMillis":0})"));
  EXPECT_EQ(config->plugin("SWITCH"), Json::parse(R"({"compat":"3.1.9"})"));
  EXPECT_EQ(config->plugin("SHELL"), Json::object());
}

TEST(Config, KeepsTheKeysOfTheWorkerWithTheirLines) {
  const auto config = parse_config("worker:\n  listen: 0.0.0.0:1234\n  http:\n  resources:\n    type: s3\n");
  ASSERT_TRUE(config) << config.error().to_string();
  ASSERT_EQ(config->worker.size(), 3U);
  EXPECT_EQ(config->worker[0].key, "listen");
  EXPECT_EQ(config->worker[0].text, "0.0.0.0:1234");
  EXPECT_TRUE(config->worker[1].is_null);
  EXPECT_EQ(config->worker[2].key, "resources.type");
  EXPECT_EQ(config->worker[2].line, 5U);
  EXPECT_TRUE(config->plugins.empty());
}

TEST(Config, ScalarsKeepTheTypeTheyAreWrittenIn) {
  const auto config = parse_config("plugins: {T: {a: 1, b: \"1\", c: true, d: 'true', e: 0.5, f: ~, g: [1, x]}}");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->plugin("T"), Json::parse(R"({"a":1,"b":"1","c":true,"d":"true","e":0.5,"f":null,"g":[1,"x"]})"));
}

TEST(Config, NothingAtAllIsAnEmptyConfiguration) {
  for (const char* yaml : {"", "# only a comment\n", "plugins:\n", "---\n"}) {
    const auto config = parse_config(yaml);
    ASSERT_TRUE(config) << yaml << ": " << config.error().to_string();
    EXPECT_TRUE(config->plugins.empty());
  }
}

TEST(Config, ErrorsNameLineAndColumnAndWhatWasMeant) {
  EXPECT_EQ(problem_of("plugin:\n  A: {}\n"),
            "line 1, column 1: unknown key 'plugin' (did you mean 'plugins'?), known: plugins, worker");
  EXPECT_EQ(problem_of("exec-threads: 5\n"),
            "line 1, column 1: unknown key 'exec-threads' (it belongs below 'worker'), known: plugins, worker");
  EXPECT_EQ(problem_of("worker: 5\n"), "line 1, column 9: 'worker' must be a mapping of its keys");
  EXPECT_EQ(problem_of("worker: {listen: a, listen: b}\n"), "line 1, column 29: key 'listen' is there twice");
  EXPECT_EQ(problem_of("plugins: {}\nplugins: {}\n"), "line 2, column 1: key 'plugins' is there twice");
  EXPECT_EQ(problem_of("plugins:\n  A: 7\n"), "line 2, column 6: 'plugins.A' must be a mapping");
  EXPECT_EQ(problem_of("plugins: [A]\n"), "line 1, column 10: 'plugins' must map task types to their settings");
  EXPECT_EQ(problem_of("plugins:\n  A: {}\n  A: {}\n"), "line 3, column 3: key 'A' is there twice");
  EXPECT_EQ(problem_of("- x\n"), "line 1, column 1: expected a mapping such as 'plugins:'");
  EXPECT_EQ(problem_of("plugins: {a: [}").rfind("line 1, column ", 0), 0U) << problem_of("plugins: {a: [}");
}

TEST(Config, ACommaThatBeginsNothingDoesNotHang) {
  for (const char* const text : {",", "\n ,\x01", "worker:\n  http: none\n---\n,", "]", "}"}) {
    const auto config = parse_config(text);
    ASSERT_FALSE(config) << text;
    EXPECT_NE(config.error().to_string().find("column"), std::string::npos) << config.error().to_string();
  }
  EXPECT_NE(problem_of(",").find("line 1, column 1: this begins nothing"), std::string::npos) << problem_of(",");
}

TEST(Config, YamlThatIsNestedTooDeeplyIsNotABadFile) {
  const std::string problem = problem_of(std::string(100'000, '['));
  EXPECT_NE(problem.find("nested too deeply; at most 32 levels are read"), std::string::npos) << problem;
  EXPECT_EQ(problem.find("bad file"), std::string::npos) << problem;
}

TEST(Config, HostileDocumentsAreRefusedInsteadOfFillingTheMemory) {
  std::string laughs = "plugins:\n  a: &a0 {x: 1}\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "  b" + std::to_string(i) + ": &a" + std::to_string(i) + " {";
    for (int j = 0; j < 9; ++j) laughs += "k" + std::to_string(j) + ": " + before + ", ";
    laughs += "z: 1}\n";
  }
  EXPECT_NE(problem_of(laughs).find("more than 100000 values"), std::string::npos) << problem_of(laughs);
  EXPECT_NE(problem_of("plugins: {A: &a {b: *a}}").find("nested deeper than 32 levels"), std::string::npos);
  const std::string deep = "plugins: {A: " + std::string(10000, '[') + std::string(10000, ']') + "}";
  EXPECT_NE(problem_of(deep), "no problem");
}

TEST(Config, TheFirstFileOfTheSearchPathWins) {
  const auto folder = std::filesystem::temp_directory_path() / ("porpoise-config-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "second.yaml") << "plugins: {A: {n: 2}}\n";
  const auto missing = find_config({folder / "first.yaml"});
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->file.empty());
  const auto found = find_config({folder / "first.yaml", folder / "second.yaml"});
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->file, folder / "second.yaml");
  EXPECT_EQ(found->plugin("A")["n"], 2);
  std::filesystem::remove_all(folder);
}

TEST(Config, SearchesTheFolderThenTheUserThenTheMachine) {
  const std::vector<std::filesystem::path> expected{"porpoise.yaml", "/home/u/.config/porpoise/porpoise.yaml",
                                                    "/etc/porpoise/porpoise.yaml"};
  EXPECT_EQ(config_search_path("", "/home/u"), expected);
  EXPECT_EQ(config_search_path("/x", "/home/u")[1], "/x/porpoise/porpoise.yaml");
  EXPECT_EQ(config_search_path("", "").size(), 2U);
}

}  // namespace
}  // namespace porpoise
