#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "config/settings_table.h"
#include "support/temp_folder.h"
#include "unit/cli/run_command.h"

namespace porpoise {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const std::string kDsConf = std::string(PORPOISE_TESTS) + "/golden/ds-conf";

Outcome run(const std::vector<std::string>& words) { return run_command(add_config_command, words); }

// A porpoise.yaml in a folder of its own.
class ConfigCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(made_.problem(), "");
    write("worker:\n  zookeeper: zk1\n  zookeeper-digest: ds:zk-secret\n", 0600);
  }

  void write(const std::string& yaml, mode_t mode = 0644) {
    ASSERT_TRUE(write_file(file_, yaml, mode, Durability::kAtomic));
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);  // whatever the umask
  }

  const support::TempFolder made_{"config"};
  const std::string folder_ = made_.path();
  const std::string file_ = folder_ + "/porpoise.yaml";
};

TEST_F(ConfigCommand, ShowsEveryKeyWithValueAndOrigin) {
  const Outcome outcome = run({"config", "show", "--config", file_, "--exec-threads", "5", "--max-cpu-load-avg", "-1"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, ContainsRegex("zookeeper +zk1:2181 +" + file_ + " line 2"));
  EXPECT_THAT(outcome.output, ContainsRegex("exec-threads +5 +flag --exec-threads"));
  EXPECT_THAT(outcome.output, ContainsRegex("max-cpu-load-avg +-1 +flag --max-cpu-load-avg"));
  EXPECT_THAT(outcome.output, ContainsRegex("advertise-address +\\(found out\\) +default"));
  for (const Setting& setting : worker_settings()) EXPECT_THAT(outcome.output, HasSubstr(setting.name));
  EXPECT_THAT(outcome.output, Not(HasSubstr("Without effect")));
}

TEST_F(ConfigCommand, CheckNamesEachMistakeBelowPlugins) {
  write("plugins:\n  HTPP: {}\n  SHELL: {shell: bash}\n");
  const Outcome outcome = run({"config", "check", "--config", file_});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.errors, AllOf(HasSubstr("plugins.HTPP: no plugin for task type 'HTPP' (did you mean 'HTTP'?)"),
                                    HasSubstr("plugins.SHELL/shell: is not known")));
}

TEST_F(ConfigCommand, MasksSecretsInTextAndJson) {
  const std::vector<std::string> words{
      "config", "show", "--config", file_, "--ds-conf", kDsConf, "--resources-secret-key", "flag-secret"};
  std::vector<std::string> json_words = words;
  json_words.emplace_back("--json");
  for (const std::string& output : {run(words).output, run(json_words).output})
    EXPECT_THAT(output, AllOf(HasSubstr("****"), Not(HasSubstr("secret\"")), Not(HasSubstr("zk-secret")),
                              Not(HasSubstr("s3-secret")), Not(HasSubstr("flag-secret")), Not(HasSubstr("ds-secret"))));
}

TEST_F(ConfigCommand, ShowsAsJsonWithWhatIsIgnored) {
  const Json json = Json::parse(run({"config", "show", "--config", file_, "--ds-conf", kDsConf, "--json"}).output);
  ASSERT_EQ(json["settings"].size(), worker_settings().size() + 1);
  EXPECT_EQ(json["settings"][0],
            Json::parse(R"({"key":"zookeeper","value":"zk1:2181","origin":")" + file_ + R"( line 2"})"));
  EXPECT_GT(json["ignored"].size(), 20U);
  EXPECT_THAT(json["ignored"].dump(), HasSubstr("porpoise needs no database"));
}

TEST_F(ConfigCommand, ChecksWithoutAWordWhenAllIsWell) {
  const Outcome outcome = run({"config", "check", "--config", file_});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(outcome.errors, "");
}

TEST_F(ConfigCommand, CheckWarnsOfStockKeysWithoutEffect) {
  const Outcome outcome = run({"config", "check", "--config", file_, "--ds-conf", kDsConf});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.errors,
              HasSubstr("without effect: " + kDsConf + "/application.yaml line 9: spring.datasource.url"));
}

TEST_F(ConfigCommand, CheckWarnsOfASecretThatEveryUserMayRead) {
  const std::string digest = "worker:\n  zookeeper-digest: ds:zk-secret\n";
  write(digest, 0640);
  EXPECT_EQ(run({"config", "check", "--config", file_}).errors, "");
  write(digest, 0644);
  EXPECT_EQ(run({"config", "check", "--config", file_}).errors,
            "porpoise: every user of this machine may read zookeeper-digest in " + file_ + "; run: chmod o-r '" +
                file_ + "', and see that the worker's user or group owns it\n");
  write("plugins: {OPENMLDB: {apiservers: {a: b}, Password: p1}}\n");
  const std::string shown = run({"config", "show", "--config", file_}).output;
  EXPECT_THAT(shown,
              HasSubstr("Warnings:\n  every user of this machine may read plugins/OPENMLDB/Password in " + file_));
  write("worker: {zookeeper: zk1}\n");
  EXPECT_EQ(run({"config", "check", "--config", file_}).errors, "");
}

TEST_F(ConfigCommand, CheckWarnsOfFilesThatSomebodyElseCouldChange) {
  write("worker: {zookeeper: zk1}\n", 0666);
  EXPECT_EQ(run({"config", "check", "--config", file_}).errors,
            "porpoise: a worker of this user does not start: another user could change what is run, and as whom, in " +
                file_ + ": the file is writable by everybody; run: chmod o-w '" + file_ + "'\n");
  write("worker: {env-file: '" + folder_ + "/env.sh'}\n");
  EXPECT_EQ(run({"config", "check", "--config", file_}).errors, "") << "a file that is not there";
  ASSERT_TRUE(write_file(folder_ + "/env.sh", "", 0600, Durability::kAtomic));
  ASSERT_EQ(::chmod((folder_ + "/env.sh").c_str(), 0602), 0);
  EXPECT_THAT(run({"config", "check", "--config", file_}).errors,
              HasSubstr("/env.sh: the file is writable by everybody"));
}

// As /tmp is: nobody but its owner replaces a file there.
TEST_F(ConfigCommand, AFolderForEverybodyWillDoWhenItIsSticky) {
  write("");
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  EXPECT_THAT(run({"config", "check", "--config", file_}).errors, HasSubstr("its folder is writable by everybody"));
  ASSERT_EQ(::chmod(folder_.c_str(), 01777), 0);
  EXPECT_EQ(run({"config", "check", "--config", file_}).errors, "");
}

TEST_F(ConfigCommand, AMistakeIsBadUsage) {
  write("worker:\n  zookeper: zk1\n");
  for (const char* const command : {"show", "check"}) {
    const Outcome outcome = run({"config", command, "--config", file_});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(outcome.errors, "porpoise: " + file_ + " line 2: unknown key 'zookeper' (did you mean 'zookeeper'?)\n");
  }
  write("");
  const Outcome zone = run({"config", "check", "--config", file_, "--time-zone", "Mars/Base"});
  EXPECT_EQ(zone.exit_code, 2);
  EXPECT_THAT(zone.errors, HasSubstr("unknown time zone \"Mars/Base\""));
}

FlagValues flags_of(std::vector<std::string> words) {
  CLI::App app;
  WorkerFlags flags;
  declare_worker_flags(app, flags);
  std::reverse(words.begin(), words.end());
  app.parse(words);
  return flags.values;
}

TEST(WorkerFlags, GiveBackWhatWasTyped) {
  EXPECT_THAT(flags_of({}), IsEmpty());
  EXPECT_THAT(flags_of({"--zookeeper", "zk1,zk2", "--resources-type=s3"}),
              ElementsAre(Pair("zookeeper", "zk1,zk2"), Pair("resources.type", "s3")));
  EXPECT_THAT(flags_of({"--no-sudo", "--keep-work-dirs"}),
              ::testing::UnorderedElementsAre(Pair("sudo", "false"), Pair("keep-work-dirs", "true")));
  EXPECT_THAT(flags_of({"--sudo=false"}), ElementsAre(Pair("sudo", "false")));
}

TEST(WorkerFlags, TheSameFlagTwiceAndAWordThatIsNoBooleanAreMistakes) {
  EXPECT_THROW(flags_of({"--listen", "a:1", "--listen", "b:2"}), CLI::ParseError);
  EXPECT_THROW(flags_of({"--sudo=maybe"}), CLI::ParseError);
  EXPECT_THROW(flags_of({"--no-sudo=maybe"}), CLI::ParseError);
}

TEST(WorkerFlags, HelpNamesEveryKeyWithItsDefault) {
  CLI::App app;
  WorkerFlags flags;
  declare_worker_flags(app, flags);
  const std::string help = app.help();
  for (const Setting& setting : worker_settings()) EXPECT_THAT(help, HasSubstr(flag_of(setting)));
  for (const char* const text : {"--listen HOST:PORT", "[0.0.0.0:1234]", "[10s]", "Resource centre:", "none|file|s3"})
    EXPECT_THAT(help, HasSubstr(text));
}

TEST(WorkerEnvironment, KeepsNoSecretsForTasksToInherit) {
  ::setenv("PORPOISE_RESOURCES_SECRET_KEY", "s3-secret", 1);
  ::setenv("REGISTRY_ZOOKEEPER_DIGEST", "ds:zk-secret", 1);
  ::setenv("PORPOISE_RESOURCES_BUCKET", "b", 1);
  hide_secrets();
  EXPECT_EQ(::getenv("PORPOISE_RESOURCES_SECRET_KEY"), nullptr);
  EXPECT_EQ(::getenv("REGISTRY_ZOOKEEPER_DIGEST"), nullptr);
  EXPECT_STREQ(::getenv("PORPOISE_RESOURCES_BUCKET"), "b");
  ::unsetenv("PORPOISE_RESOURCES_BUCKET");
}

}  // namespace
}  // namespace porpoise
