// The statements of the demo against the OpenMLDB sandbox, a real process; skipped where its Python is not installed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "openmldb/rest_driver.h"
#include "openmldb/session.h"
#include "unit/openmldb/recording_host.h"

namespace porpoise::openmldb {
namespace {

using plugin::Outcome;
using std::filesystem::path;
using ::testing::HasSubstr;

const path kSource = path(PORPOISE_TESTS).parent_path();

std::string python() {
  const char* chosen = std::getenv("PORPOISE_PYTHON");
  return chosen != nullptr ? chosen : (kSource / "build/python/bin/python3").native();
}

// A child that reads from our end of `input` and writes to our end of `output`.
class Child {
 public:
  explicit Child(std::vector<std::string> argv) {
    int to_child[2], from_child[2];
    if (::pipe2(to_child, O_CLOEXEC) != 0 || ::pipe2(from_child, O_CLOEXEC) != 0) return;
    const UniqueFd child_input(to_child[0]), child_output(from_child[1]);
    input_.reset(to_child[1]);
    output_.reset(from_child[0]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, child_input.get(), 0);
    ::posix_spawn_file_actions_adddup2(&actions, child_output.get(), 1);
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    std::string search_path = "PYTHONPATH=" + (kSource / "plugins/openmldb/sandbox").native();
    std::string no_cache = "PYTHONDONTWRITEBYTECODE=1";
    char* environment[] = {search_path.data(), no_cache.data(), nullptr};
    if (::posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environment) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Child() { wait(); }

  // The exit code after its input has ended.
  int wait() {
    input_.reset();
    int status = -1;
    if (pid_ > 0) ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }

  // Reads until `mark` and the rest of that line have come; empty when the child ends or is silent for too long.
  std::string line_with(std::string_view mark) {
    std::string text;
    while (true) {
      const std::size_t at = text.find(mark);
      const std::size_t end = at == std::string::npos ? at : text.find('\n', at);
      if (end != std::string::npos) return text.substr(at + mark.size(), end - at - mark.size());
      pollfd entry{output_.get(), POLLIN, 0};
      char chunk[512];
      if (::poll(&entry, 1, 60000) <= 0) return {};
      const ssize_t size = ::read(output_.get(), chunk, sizeof chunk);
      if (size <= 0) return {};
      text.append(chunk, static_cast<std::size_t>(size));
    }
  }

 private:
  UniqueFd input_, output_;
  pid_t pid_ = -1;
};

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Child({python(), "-c", "import duckdb, sqlglot"}).wait() != 0)
      GTEST_SKIP() << python() << " has no duckdb and sqlglot; PORPOISE_PYTHON names another Python";
    std::string folder = (path(::testing::TempDir()) / "openmldb_XXXXXX").native();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    start_sandbox({});
    config_.settle = std::chrono::milliseconds(50);
    ASSERT_TRUE(write_file(folder_ / "in.csv",
                           "ip,click_time\n1,2017-11-06 16:00:14\n1,2017-11-06 16:30:14\n2,2017-11-07 16:00:14\n", 0600,
                           Durability::kAtomic));
    ASSERT_TRUE(run(Mode::kOnline,
                    "CREATE DATABASE IF NOT EXISTS demo_db; USE demo_db; CREATE TABLE IF NOT EXISTS t("
                    "ip int, click_time timestamp, INDEX(KEY=ip, TS=click_time));"));
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void start_sandbox(const std::vector<std::string>& options) {
    std::vector<std::string> argv = {python(),
                                     "-m",
                                     "openmldb_sandbox",
                                     "--port",
                                     "0",
                                     "--exit-with-stdin",
                                     "--timezone",
                                     "Asia/Shanghai",
                                     "--dir",
                                     (folder_ / "state").native(),
                                     "--allow-dir",
                                     folder_.native()};
    argv.insert(argv.end(), options.begin(), options.end());
    sandbox_.reset();  // one at a time in a directory
    sandbox_ = std::make_unique<Child>(argv);
    url_ = sandbox_->line_with("READY ");
    ASSERT_FALSE(url_.empty()) << "the sandbox did not become ready";
  }

  Outcome run(Mode mode, const std::string& sql) {
    RestDriver driver(host_.host(), url_, config_);
    return Session(host_.host(), driver, config_, mode, std::nullopt).run(*split_sql(sql));
  }
  std::string load(const std::string& file, const std::string& mode) const {
    return "USE demo_db; set @@job_timeout=200000; LOAD DATA INFILE 'file://" + (folder_ / file).native() +
           "' INTO TABLE t OPTIONS(mode='" + mode + "');";
  }

  path folder_;
  std::unique_ptr<Child> sandbox_;
  std::string url_;
  RecordingHost host_;
  Config config_;
};

constexpr const char* kFeatures =
    "SELECT ip, hour(click_time) AS hour, count(ip) OVER w AS n FROM t WINDOW w AS (PARTITION BY ip ORDER BY "
    "click_time "
    "ROWS_RANGE BETWEEN 1h PRECEDING AND CURRENT ROW)";

TEST_F(SandboxTest, RunsTheStatementsOfTheDemoTwice) {
  for (int round = 1; round <= 2; ++round) {
    const Outcome loaded = run(Mode::kOffline, load("in.csv", "overwrite"));
    ASSERT_TRUE(loaded) << loaded.message;
    const Outcome written = run(Mode::kOffline, "USE demo_db; " + std::string(kFeatures) + " INTO OUTFILE '" +
                                                    (folder_ / "out").native() + "' OPTIONS(mode='overwrite')");
    ASSERT_TRUE(written) << written.message;
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / "_SUCCESS"));
    const Outcome deployed = run(Mode::kOnline, "USE demo_db; DEPLOY demo " + std::string(kFeatures));
    ASSERT_TRUE(deployed) << deployed.message;
    const Outcome online = run(Mode::kOnline, load("in.csv", "append"));
    ASSERT_TRUE(online) << online.message;
  }
  EXPECT_THAT(host_.log(), HasSubstr("demo_db.demo is already deployed, unchanged"));
  EXPECT_EQ(host_.app_ids().size(), 6U);
}

TEST_F(SandboxTest, ReplacesADeploymentWithAnotherQuery) {
  ASSERT_TRUE(run(Mode::kOnline, "USE demo_db; DEPLOY demo " + std::string(kFeatures)));
  const Outcome outcome = run(Mode::kOnline, "USE demo_db; DEPLOY demo SELECT ip FROM t");
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_THAT(host_.log(), HasSubstr("exists with another query and is replaced"));
}

TEST_F(SandboxTest, ALoadOfAMissingFileFailsWithTheErrorOfTheJob) {
  const Outcome outcome = run(Mode::kOffline, load("missing.csv", "overwrite"));
  EXPECT_EQ(outcome.status, PORPOISE_FAILED);
  EXPECT_THAT(outcome.message, HasSubstr("statement 3 of 3"));
  EXPECT_THAT(outcome.message, HasSubstr("(ImportOfflineData) ended FAILED"));
  EXPECT_THAT(outcome.message, HasSubstr("missing.csv"));
}

TEST_F(SandboxTest, AJobThatTurnsFailedAfterItFinishedFailsTheTask) {
  start_sandbox({"--fail-after-finish"});
  config_.settle = std::chrono::milliseconds(2000);
  EXPECT_THAT(run(Mode::kOffline, load("in.csv", "overwrite")).message, HasSubstr("ended FAILED"));
}

TEST_F(SandboxTest, CancelStopsTheJobOnTheServer) {
  start_sandbox({"--slow-job-ms", "600000"});
  std::thread canceller([this] {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (host_.log().find("is RUNNING") == std::string::npos && std::chrono::steady_clock::now() < give_up)
      std::this_thread::yield();
    host_.cancel();
  });
  EXPECT_EQ(run(Mode::kOffline, load("in.csv", "overwrite")).status, PORPOISE_CANCELLED);
  canceller.join();
  EXPECT_THAT(host_.log(), HasSubstr("STOP JOB 1 was sent"));
  RecordingHost other;
  RestDriver driver(other.host(), url_, config_);
  EXPECT_TRUE(Session(other.host(), driver, config_, Mode::kOnline, std::nullopt).run(*split_sql("SHOW JOB 1")));
  EXPECT_THAT(other.log(), HasSubstr("STOPPED"));
}

TEST_F(SandboxTest, ShowsTheRowsOfAnOfflineSelect) {
  ASSERT_TRUE(run(Mode::kOffline, load("in.csv", "overwrite")));
  const Outcome outcome = run(Mode::kOffline, "USE demo_db; " + std::string(kFeatures));
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_THAT(host_.log(), HasSubstr("result:\n"));
}

}  // namespace
}  // namespace porpoise::openmldb
