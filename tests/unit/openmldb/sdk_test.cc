// The plugin by way of the SDK's place: real processes and pipes, and a module that stands for OpenMLDB's SDK.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "support/script_host.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFakeSdk = PORPOISE_TESTS "/support/fake_sdk";
// Half a second where nothing else runs; well before the end of a task's grace.
constexpr milliseconds kCancelLimit{6000};
constexpr const char* kLoad = "USE demo_db; LOAD DATA INFILE '/x.csv' INTO TABLE t";

// A row of SHOW JOB since 0.8.1: 14 columns.
Json job_row(const std::string& id, const std::string& type, const std::string& state) {
  return {id,         type,         state, "1690000000000", nullptr, "LOAD DATA INFILE '/x.csv' INTO TABLE t",
          "local[*]", "local-1",    "",    nullptr,         nullptr, nullptr,
          nullptr,    "TaskManager"};
}
Json job(const std::string& state) { return {{"rows", {job_row("7", "ImportOfflineData", state)}}}; }
Json rule(const std::string& sql, Json answer) {
  answer["sql"] = sql;
  return answer;
}
Json steps(std::vector<Json> answers) { return {{"steps", std::move(answers)}}; }
Json joblog(const std::string& text) { return rule("SHOW JOBLOG", {{"rows", {{text}}}}); }

class Sdk : public ::testing::Test {
 protected:
  using Ending = support::LoadedTask::Ending;

  Sdk() {
    task_.work_dir = host_.work_dir();
    set_environment(kFakeSdk);
  }

  void set_environment(const std::string& python_path, const std::string& more = "") {
    host_.environment_script = "export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='" + python_path + "' FAKE_SDK_SCRIPT='" +
                               script_path().native() + "' FAKE_SDK_CALLS='" + calls_path().native() + "'\n" + more;
  }

  Ending run(const std::vector<Json>& rules, const std::string& mode, const std::string& sql) {
    EXPECT_TRUE(write_file(script_path(), dump_json(Json(rules)), 0600, Durability::kAtomic));
    const Json params = {{"zk", "127.0.0.1:2181"}, {"zkPath", "/openmldb"}, {"executeMode", mode}, {"sql", sql}};
    const Ending prepared = task_.prepare(dump_json(params), dump_json(config_));
    return prepared.status == PORPOISE_OK ? task_.run() : prepared;
  }

  // Cancels as soon as the module was given a statement that begins so, for the `times`th time; returns when the task
  // has ended.
  Ending run_and_cancel_at(const std::string& statement, const std::vector<Json>& rules, const std::string& sql,
                           std::size_t times = 1) {
    std::thread canceller([&] {
      const auto give_up = steady_clock::now() + std::chrono::seconds(20);
      while (count(": " + statement) < times && steady_clock::now() < give_up) std::this_thread::yield();
      cancelled_at_ = steady_clock::now();
      host_.cancel();
    });
    const Ending ending = run(rules, "offline", sql);
    took_ = std::chrono::duration_cast<milliseconds>(steady_clock::now() - cancelled_at_.load());
    canceller.join();
    return ending;
  }

  // "offline demo_db: LOAD DATA …" of every statement, whichever process sent it.
  std::vector<std::string> calls() const {
    std::vector<std::string> lines;
    std::istringstream text(text_of(calls_path()));
    for (std::string line; std::getline(text, line);) lines.push_back(line.substr(line.find(' ') + 1));
    return lines;
  }
  std::size_t count(const std::string& part) const {
    const auto all = calls();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }
  static std::string text_of(const std::filesystem::path& path) {
    return read_file(path, std::size_t{1} << 20U).value_or("");
  }
  std::filesystem::path script_path() const { return host_.work_dir() / "script.json"; }
  std::filesystem::path calls_path() const { return host_.work_dir() / "calls"; }

  support::ScriptHost host_;
  support::LoadedTask task_{host_, "openmldb.so", "OPENMLDB"};
  Json config_ = {{"settleMillis", 60}, {"retryMillis", 300}};
  milliseconds took_{0};

 private:
  std::atomic<steady_clock::time_point> cancelled_at_ = steady_clock::now();
};

TEST_F(Sdk, IsTheWayToAClusterWithoutAnApiserver) {
  const auto ending =
      run({rule("SELECT", {{"columns", {"id", "name"}}, {"rows", Json::array({Json::array({"1", nullptr})})}})},
          "online", "USE demo_db; DROP TABLE t; SELECT id, name FROM t");
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message << host_.child_output();
  EXPECT_THAT(calls(), ElementsAre("connect 127.0.0.1:2181/openmldb", "online demo_db: DROP TABLE t",
                                   "online demo_db: SELECT id, name FROM t"));
  EXPECT_THAT(host_.log(),
              AllOf(HasSubstr("OpenMLDB 127.0.0.1:2181/openmldb by its SDK, mode online"), HasSubstr("OpenMLDB SDK "),
                    HasSubstr("Python 3."), HasSubstr("result:\nid | name\n1  | NULL\n")));
  EXPECT_THAT(host_.child_output(), HasSubstr("Python interpreter: /usr/bin/python3 (PYTHON_HOME is not set"));
}

TEST_F(Sdk, IsTakenInsteadOfAKnownApiserverWhenTheConfigurationSaysSo) {
  config_["apiservers"] = {{"*", "http://127.0.0.1:1"}};
  config_["driver"] = "sdk";
  EXPECT_EQ(run({}, "online", "SHOW TABLES").status, PORPOISE_OK) << host_.child_output();
  EXPECT_EQ(count("SHOW TABLES"), 1U);
}

TEST_F(Sdk, StatementsAreNeverCode) {
  const std::string sql = R"(SELECT "'; import os; os._exit(3) #\n" , '${x}' , '\\' FROM t)";
  EXPECT_EQ(run({}, "online", sql).status, PORPOISE_OK) << host_.child_output();
  EXPECT_EQ(count(sql), 1U);
}

TEST_F(Sdk, ARefusalFailsTheTaskInTheWordsOfTheCluster) {
  const auto ending = run({rule("DROP", {{"code", 2000}, {"msg", "fail to drop, table does not exist!"}})}, "online",
                          "USE demo_db; DROP TABLE t");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, HasSubstr("statement 2 of 2 (line 1): [2000] fail to drop, table does not exist!"));
}

TEST_F(Sdk, AJobThatEndsFailedFailsTheTaskWithItsLog) {
  const auto ending = run({rule("LOAD", job("Submitted")), joblog("Stdout:\n\nStderr:\nCaused by: no such file\n"),
                           rule("SHOW JOB 7", steps({job("RUNNING"), job("FAILED")}))},
                          "offline", kLoad);
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, HasSubstr("job 7 (ImportOfflineData) ended FAILED: Caused by: no such file"));
  EXPECT_THAT(host_.app_ids(), ElementsAre("7"));
  EXPECT_EQ(count("offline demo_db: LOAD DATA"), 1U);
}

TEST_F(Sdk, AJobThatTurnsFailedAfterItFinishedFailsTheTask) {
  const auto ending =
      run({rule("LOAD", job("Submitted")), joblog("x"), rule("SHOW JOB 7", steps({job("FINISHED"), job("FAILED")}))},
          "offline", kLoad);
  EXPECT_THAT(ending.message, HasSubstr("ended FAILED"));
}

TEST_F(Sdk, AJobThatIsLostFailsTheTask) {
  const auto ending =
      run({rule("LOAD", job("Submitted")), joblog("x"), rule("SHOW JOB 7", job("LOST"))}, "offline", kLoad);
  EXPECT_THAT(ending.message, HasSubstr("ended LOST"));
}

TEST_F(Sdk, ASubmissionThatTimesOutIsFoundAgainAndNotSentTwice) {
  const Json timeout = {{"code", 2001},
                        {"msg", "taskmanager load data failed--ReturnCode[1004]--[E1008]Reached timeout=2000ms"}};
  const auto ending = run({rule("LOAD", timeout), rule("SHOW JOB 7", job("FINISHED")),
                           rule("SHOW JOBS", steps({Json{{"rows", Json::array()}}, job("RUNNING")}))},
                          "offline", kLoad);
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message;
  EXPECT_THAT(host_.log(), HasSubstr("it was: job 7 (ImportOfflineData)"));
  EXPECT_EQ(count("LOAD DATA"), 1U);
}

TEST_F(Sdk, AnSdkThatCrashesInAStatementIsStartedAnewForTheNext) {
  const auto ending = run(
      {rule("LOAD", {{"exit", 9}}), rule("SHOW JOB 7", job("FINISHED")), rule("SHOW JOBS", steps({job("RUNNING")}))},
      "offline", kLoad);
  EXPECT_EQ(ending.status, PORPOISE_UNAVAILABLE);
  EXPECT_THAT(ending.message, AllOf(HasSubstr("the SDK program ended with exit code 9"), HasSubstr("not sent again")));
  EXPECT_EQ(count("LOAD DATA"), 1U);
  EXPECT_GE(count("connect"), 2U);
}

TEST_F(Sdk, AStatementWithoutAnAnswerEndsWithItsLimit) {
  config_["requestMillis"] = 400;
  const auto ending = run({rule("DROP", {{"hang", true}})}, "online", "USE demo_db; DROP TABLE t");
  EXPECT_EQ(ending.status, PORPOISE_UNAVAILABLE);
  EXPECT_THAT(ending.message, AllOf(HasSubstr("gave no answer in time"), HasSubstr("may have run")));
}

TEST_F(Sdk, AReadWithoutAnAnswerIsTriedAgainInANewProcess) {
  config_ = {{"requestMillis", 200}};
  const auto ending = run_and_cancel_at("SHOW", {rule("SHOW", {{"hang", true}})}, "SHOW TABLES", 2);
  EXPECT_EQ(ending.status, PORPOISE_CANCELLED);
  EXPECT_EQ(count("SHOW TABLES"), 2U);
  EXPECT_EQ(count("connect"), 2U);
}

TEST_F(Sdk, CancelStopsTheJob) {
  const auto ending =
      run_and_cancel_at("SHOW JOB 7", {rule("LOAD", job("Submitted")), rule("SHOW JOB 7", job("RUNNING"))}, kLoad);
  EXPECT_EQ(ending.status, PORPOISE_CANCELLED) << ending.message;
  EXPECT_EQ(count("STOP JOB 7"), 1U);
  EXPECT_THAT(host_.log(), HasSubstr("STOP JOB 7 was sent"));
  EXPECT_LT(took_, kCancelLimit);
}

TEST_F(Sdk, CancelStopsTheJobAlsoWhileTheSdkIsStuckInACall) {
  const auto ending =
      run_and_cancel_at("SHOW JOB 7", {rule("LOAD", job("Submitted")), rule("SHOW JOB 7", {{"hang", true}})}, kLoad);
  EXPECT_EQ(ending.status, PORPOISE_CANCELLED) << ending.message;
  EXPECT_EQ(count("STOP JOB 7"), 1U);
  EXPECT_EQ(count("connect"), 2U);
  EXPECT_LT(took_, kCancelLimit);
}

TEST_F(Sdk, CancelDuringASubmissionStopsWhatItStarted) {
  const auto ending =
      run_and_cancel_at("LOAD DATA", {rule("LOAD", {{"hang", true}}), rule("SHOW JOBS", steps({job("RUNNING")}))},
                        "LOAD DATA INFILE '/x.csv' INTO TABLE d.t");
  // The table of jobs held job 7 before already, so nothing of it can be taken for ours.
  EXPECT_EQ(ending.status, PORPOISE_CANCELLED) << ending.message;
  EXPECT_EQ(count("SHOW JOBS"), 2U);
  EXPECT_EQ(count("STOP JOB"), 0U);
  EXPECT_LT(took_, kCancelLimit);
}

TEST_F(Sdk, AClusterThatCannotBeReachedIsTriedAgainForAWhile) {
  config_ = {{"retryMillis", 20000}};
  const Json once = {{"connect", steps({Json{{"fails", true}}, Json::object()})}};
  EXPECT_EQ(run({once}, "online", "SHOW TABLES").status, PORPOISE_OK);
  EXPECT_EQ(count("connect"), 2U);
  EXPECT_THAT(host_.log(), HasSubstr("cannot connect to OpenMLDB 127.0.0.1:2181/openmldb: "));
}

TEST_F(Sdk, AClusterThatCannotBeReachedFailsTheTaskInTheEnd) {
  config_ = {{"retryMillis", 0}};
  const auto ending = run({Json{{"connect", {{"fails", true}}}}}, "online", "SHOW TABLES");
  EXPECT_EQ(ending.status, PORPOISE_UNAVAILABLE);
  EXPECT_THAT(ending.message, HasSubstr("cannot connect to OpenMLDB 127.0.0.1:2181/openmldb: "));
}

TEST_F(Sdk, AMissingSdkIsAnErrorWithTheCommandThatInstallsIt) {
  set_environment(host_.work_dir().native());
  const auto ending = run({}, "online", "SHOW TABLES");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message,
              AllOf(HasSubstr("(/usr/bin/python3) has no OpenMLDB SDK; install it with: /usr/bin/python3"),
                    HasSubstr("install openmldb==")));
}

TEST_F(Sdk, AnSdkThatCannotBeLoadedIsAnErrorWithItsReason) {
  const auto native = host_.work_dir() / "broken/openmldb/native";
  std::filesystem::create_directories(native);
  ASSERT_TRUE(write_file(native / "sql_router_sdk.py", "raise ImportError('GLIBC_2.99 not found')\n", 0644,
                         Durability::kAtomic));
  set_environment((host_.work_dir() / "broken").native());
  const auto ending = run({}, "online", "SHOW TABLES");
  EXPECT_THAT(ending.message, AllOf(HasSubstr("cannot be loaded by Python 3."), HasSubstr("GLIBC_2.99 not found")));
}

TEST_F(Sdk, AMissingInterpreterIsAClearError) {
  set_environment(kFakeSdk, "export PYTHON_HOME=/nowhere/python\n");
  const auto ending = run({}, "online", "SHOW TABLES");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, HasSubstr("there is no Python interpreter to run the OpenMLDB SDK"));
  EXPECT_THAT(host_.child_output(), HasSubstr("PYTHON_HOME=/nowhere/python is neither an executable file"));
}

TEST_F(Sdk, TooLargeAnAnswerFailsTheStatement) {
  const Json cell = std::string(std::size_t{1} << 20U, 'x');
  std::vector<Json> rows(40, Json::array({cell}));
  const auto ending = run({rule("SELECT", {{"rows", rows}})}, "online", "SELECT x FROM d.t");
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, HasSubstr("the answer is larger than 32 MiB; use LIMIT"));
}

TEST_F(Sdk, LeavesNoProcessBehind) {
  run({}, "online", "SHOW TABLES");
  std::istringstream text(text_of(calls_path()));
  pid_t process = 0;
  ASSERT_TRUE(text >> process);
  EXPECT_NE(::kill(process, 0), 0);
}

}  // namespace
}  // namespace porpoise::openmldb
