#include "openmldb/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "openmldb/rest_driver.h"
#include "unit/openmldb/api_server.h"
#include "unit/openmldb/recording_host.h"

namespace porpoise::openmldb {
namespace {

using plugin::Outcome;
using std::chrono::milliseconds;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Config quick_config() {
  Config config;
  config.settle = milliseconds(60);
  config.retry = milliseconds(150);
  config.request = milliseconds(2000);
  return config;
}

// One task against a scripted server.
class SessionTest : public ::testing::Test {
 protected:
  Outcome run(const ApiServer& server, Mode mode, std::string_view sql) { return run_at(server.url(), mode, sql); }
  Outcome run_at(const std::string& url, Mode mode, std::string_view sql) {
    const auto statements = split_sql(sql);
    EXPECT_TRUE(statements) << statements.error().to_string();
    RestDriver driver(host_.host(), url, config_);
    return Session(host_.host(), driver, config_, mode, on_exists_).run(*statements);
  }

  RecordingHost host_;
  Config config_ = quick_config();
  std::optional<OnExists> on_exists_;
};

constexpr const char* kLoad =
    "USE demo_db; LOAD DATA INFILE 'file:///tmp/t.csv' INTO TABLE t OPTIONS(mode='overwrite')";
constexpr const char* kLoadText = "LOAD DATA INFILE 'file:///tmp/t.csv' INTO TABLE t OPTIONS(mode='overwrite')";

// A server where one job of `type` goes through `states`, one step with each SHOW JOB; the last one stays.
ApiServer::Script job_script(const std::string& type, std::vector<std::string> states) {
  auto step = std::make_shared<std::size_t>(0);
  return [=](const ApiCall& call) {
    if (call.sql == "SHOW JOB 7") {
      const std::size_t at = std::min((*step)++, states.size() - 1);
      return jobs({job_row(7, type, states[at])});
    }
    if (call.sql == "SHOW JOBLOG 7")
      return text_cell(
          "Stdout:\nreading\n\nStderr:\njava.lang.RuntimeException: x\nCaused by: Path does not exist: file:/nope\n");
    const bool is_submission = call.sql.rfind("LOAD", 0) == 0 || call.sql.find("OUTFILE") != std::string::npos;
    return is_submission ? jobs({job_row(7, type, "Submitted")}) : unscripted();
  };
}

TEST_F(SessionTest, SendsEachStatementAloneToTheDatabaseInUse) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  const Outcome outcome =
      run(server, Mode::kOnline, "CREATE DATABASE IF NOT EXISTS demo_db; USE demo_db; DROP TABLE t");
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_THAT(server.calls(), ElementsAre("online /dbs/__INTERNAL_DB: CREATE DATABASE IF NOT EXISTS demo_db",
                                          "GET /dbs", "online /dbs/demo_db: DROP TABLE t"));
}

TEST_F(SessionTest, LogsEachStatementWithItsRows) {
  const ApiServer server([](const ApiCall&) { return rows({"Int32", "Double"}, {{1, 2.5}}); });
  EXPECT_TRUE(run(server, Mode::kOnline, "\nSELECT a,\n b FROM d.t"));
  EXPECT_THAT(host_.log(), HasSubstr("statement 1 of 1 (line 2): SELECT a, b FROM d.t\n"));
  EXPECT_THAT(host_.log(), HasSubstr("Int32 | Double\n1     | 2.5\n"));
  EXPECT_THAT(host_.log(), HasSubstr("statement 1 of 1 done in 0."));
}

TEST_F(SessionTest, AnUnknownDatabaseFailsAtItsUse) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  const Outcome outcome = run(server, Mode::kOnline, "USE nope; DROP TABLE t");
  EXPECT_EQ(outcome.status, PORPOISE_FAILED);
  EXPECT_THAT(outcome.message, HasSubstr("there is no database 'nope'"));
  EXPECT_EQ(server.count("DROP"), 0U);
}

TEST_F(SessionTest, ADatabaseNameThatNoPathCanHoldIsRefused) {
  const ApiServer server([](const ApiCall& call) {
    return call.target == "GET /dbs" ? body(R"({"code":0,"dbs":["a/b"]})") : unscripted();
  });
  EXPECT_THAT(run(server, Mode::kOnline, "USE `a/b`; DROP TABLE t").message, HasSubstr("'a/b' cannot be reached"));
}

TEST_F(SessionTest, RefusesToCreateATableNowhere) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  EXPECT_THAT(run(server, Mode::kOnline, "CREATE TABLE t(a int)").message, HasSubstr("no database is chosen"));
  EXPECT_THAT(run(server, Mode::kOnline, "DEPLOY d SELECT 1").message, HasSubstr("no database is chosen"));
  EXPECT_TRUE(run(server, Mode::kOnline, "CREATE TABLE demo_db.t(a int)"));
}

TEST_F(SessionTest, TheModeVariableSwitchesTheStatementsAfterIt) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  EXPECT_TRUE(
      run(server, Mode::kOffline, "DROP TABLE a; SET @@execute_mode='ONLINE'; DROP TABLE b; SET @@sync_job=true"));
  EXPECT_THAT(server.calls(),
              ElementsAre("offasync /dbs/__INTERNAL_DB: DROP TABLE a", "online /dbs/__INTERNAL_DB: DROP TABLE b"));
  EXPECT_THAT(run(server, Mode::kOffline, "SET @@execute_mode='request'").message, HasSubstr("execute_mode must be"));
  EXPECT_THAT(run(server, Mode::kOffline, "SET @@job_timeout='soon'").message, HasSubstr("job_timeout must be"));
}

TEST_F(SessionTest, OtherVariablesGoToTheServer) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  EXPECT_TRUE(run(server, Mode::kOnline, "SET @@spark_config='a=b'; SET @@global.execute_mode='offline'"));
  EXPECT_EQ(server.count("SET"), 2U);
}

TEST_F(SessionTest, AServerErrorNamesStatementLineAndCode) {
  const ApiServer server([](const ApiCall& call) {
    return call.sql.rfind("DROP", 0) == 0 ? refusal(2000, "fail to drop, table does not exist!") : unscripted();
  });
  const Outcome outcome = run(server, Mode::kOnline, "USE demo_db;\nDROP TABLE t;\nSHOW TABLES");
  EXPECT_EQ(outcome.status, PORPOISE_FAILED);
  EXPECT_EQ(outcome.message,
            "statement 2 of 3 (line 2): [2000] fail to drop, table does not exist! — in: DROP TABLE t");
  EXPECT_EQ(server.count("SHOW TABLES"), 0U);
}

TEST_F(SessionTest, AFailedJobFailsTheTaskWithTheTailOfItsLog) {
  const ApiServer server(job_script("ImportOfflineData", {"Submitted", "RUNNING", "FAILED"}));
  const Outcome outcome = run(server, Mode::kOffline, kLoad);
  EXPECT_EQ(outcome.status, PORPOISE_FAILED);
  EXPECT_THAT(outcome.message,
              HasSubstr("job 7 (ImportOfflineData) ended FAILED: Caused by: Path does not exist: file:/nope"));
  EXPECT_THAT(host_.log(), HasSubstr("the log of job 7 ends:\n"));
  EXPECT_THAT(host_.log(), HasSubstr("java.lang.RuntimeException: x\n"));
  EXPECT_THAT(host_.app_ids(), ElementsAre("7"));
  EXPECT_THAT(server.calls(), Contains(std::string("offasync /dbs/demo_db: ") + kLoadText));
}

TEST_F(SessionTest, EveryFinalStateButFinishedFails) {
  for (const char* state : {"killed", "LOST", "Stopped"}) {
    const ApiServer server(job_script("ExportOfflineData", {"RUNNING", state}));
    const Outcome outcome = run(server, Mode::kOffline, "SELECT a FROM demo_db.t INTO OUTFILE '/tmp/x'");
    EXPECT_EQ(outcome.status, PORPOISE_FAILED) << state;
    EXPECT_THAT(outcome.message, HasSubstr(std::string("ended ") + state));
  }
}

TEST_F(SessionTest, AFinishedJobIsReadOnceMoreAfterItSettled) {
  const ApiServer server(job_script("ImportOfflineData", {"RUNNING", "FINISHED"}));
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run(server, Mode::kOffline, kLoad);
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_GE(std::chrono::steady_clock::now() - start, config_.settle);
  EXPECT_EQ(server.count("SHOW JOB 7"), 3U);
}

TEST_F(SessionTest, FinishedThatFlipsToFailedFailsTheTask) {
  const ApiServer server(job_script("ImportOfflineData", {"FINISHED", "FAILED"}));
  EXPECT_THAT(run(server, Mode::kOffline, kLoad).message, HasSubstr("ended FAILED"));
}

TEST_F(SessionTest, AnOnlineLoadIsAwaitedToo) {
  const ApiServer server(job_script("ImportOnlineData", {"Submitted", "RUNNING", "FAILED"}));
  const Outcome outcome = run(server, Mode::kOnline, kLoad);
  EXPECT_THAT(outcome.message, HasSubstr("job 7 (ImportOnlineData) ended FAILED"));
  EXPECT_THAT(server.calls(), Contains(std::string("online /dbs/demo_db: ") + kLoadText));
}

TEST_F(SessionTest, ALocalLoadHasNoJobToAwait) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  EXPECT_TRUE(run(server, Mode::kOnline, kLoad));
  EXPECT_TRUE(host_.app_ids().empty());
}

TEST_F(SessionTest, UnderstandsTheJobRowsOfOldServers) {
  for (const bool is_text : {false, true}) {
    const auto reply = [is_text](const std::string& state) {
      if (!is_text) return rows({}, {{7, "ImportOfflineData", state, 1, nullptr, "/x.sql", "l", "a", "e9"}});
      return text_cell(
          " -- ------------------- ---------- ------- ------- ------- ------- ------- -----\n id  job_type\n"
          " -- ------------------- ---------- ------- ------- ------- ------- ------- -----\n"
          " 7  ImportOfflineData   " +
          state + std::string(11 - state.size(), ' ') + "a       b       /x      l       a       e9\n");
    };
    const ApiServer server([&](const ApiCall& call) {
      if (call.sql == "SHOW JOB 7") return reply("FAILED");
      return call.sql.rfind("LOAD", 0) == 0 ? reply("Submitted") : unscripted();
    });
    EXPECT_THAT(run(server, Mode::kOffline, kLoad).message, HasSubstr("job 7 (ImportOfflineData) ended FAILED: e9"))
        << is_text;
  }
}

TEST_F(SessionTest, AnOfflineSelectShowsItsRows) {
  const ApiServer server([](const ApiCall& call) {
    return call.mode == "offsync" ? text_cell(" --- \n  n  \n --- \n  5  \n --- \n\n1 rows in set\n") : unscripted();
  });
  const Outcome outcome = run(server, Mode::kOffline, "SELECT count(*) AS n FROM demo_db.t GROUP BY a");
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_THAT(host_.log(), HasSubstr("  5  \n"));
}

TEST_F(SessionTest, AFailedOfflineSelectShowsTheLogOfItsJob) {
  const ApiServer server([](const ApiCall& call) {
    if (call.sql == "SHOW JOBLOG 31") return text_cell("Stderr:\nAnalysisException: no such column\n");
    if (call.mode != "offsync") return unscripted();
    return refusal(2001,
                   "sync offline query failed--ReturnCode[-1]--The job 31 fail and use 'SHOW JOBLOG 31' for more info");
  });
  const Outcome outcome = run(server, Mode::kOffline, "SELECT x FROM demo_db.t");
  EXPECT_THAT(outcome.message, HasSubstr("[2001] sync offline query failed"));
  EXPECT_THAT(outcome.message, HasSubstr("AnalysisException: no such column"));
}

TEST_F(SessionTest, AJobThatVanishesFailsTheTask) {
  const ApiServer server([](const ApiCall& call) {
    if (call.sql == "SHOW JOB 7") return refusal(2000, "Job not found: 7");
    return call.sql.rfind("LOAD", 0) == 0 ? jobs({job_row(7, "ImportOfflineData", "Submitted")}) : unscripted();
  });
  EXPECT_THAT(run(server, Mode::kOffline, kLoad).message, HasSubstr("job 7 is not in the job table"));
}

TEST_F(SessionTest, AJobOutlivesARestartOfTheServer) {
  auto polls = std::make_shared<int>(0);
  const ApiServer server([polls](const ApiCall& call) {
    if (call.sql == "SHOW JOB 7") {
      switch ((*polls)++) {
        case 0: return misbehave(Manner::kReset);
        case 1: return body("Service Unavailable", 503);
        case 2: return misbehave(Manner::kTruncate);
        case 3: return body(R"({"code":0,"da)");
        case 4: return refusal(1501, "connection refused");
        default: return jobs({job_row(7, "ImportOfflineData", "FINISHED")});
      }
    }
    return call.sql.rfind("LOAD", 0) == 0 ? jobs({job_row(7, "ImportOfflineData", "Submitted")}) : unscripted();
  });
  const Outcome outcome = run(server, Mode::kOffline, kLoad);
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_EQ(server.count("LOAD"), 1U);
}

TEST_F(SessionTest, AJobTableThatCannotBeReadIsNoReasonNotToRun) {
  const ApiServer server([script = job_script("ImportOfflineData", {"FINISHED"})](const ApiCall& call) {
    return call.sql == "SHOW JOBS" ? refusal(2000, "no permission") : script(call);
  });
  EXPECT_TRUE(run(server, Mode::kOffline, kLoad));
}

// The submission gets no answer, yet the job is there.
ApiServer::Script lost_submission(Manner how, const std::string& parameter) {
  auto is_submitted = std::make_shared<bool>(false);
  return [=](const ApiCall& call) {
    const Json old_job = job_row(3, "ImportOfflineData", "FAILED", kLoadText);
    const Json new_job = job_row(7, "ImportOfflineData", "FINISHED", parameter);
    if (call.sql == "SHOW JOBS") return *is_submitted ? jobs({old_job, new_job}) : jobs({old_job});
    if (call.sql == "SHOW JOB 7") return jobs({new_job});
    if (call.sql.rfind("LOAD", 0) != 0) return unscripted();
    *is_submitted = true;
    return misbehave(how);
  };
}

TEST_F(SessionTest, ALostSubmissionIsFoundAndContinuedNeverRepeated) {
  for (const Manner how : {Manner::kReset, Manner::kHang, Manner::kTruncate}) {
    config_.request = milliseconds(1000);
    const ApiServer server(lost_submission(how, kLoadText));
    const Outcome outcome = run(server, Mode::kOffline, kLoad);
    EXPECT_TRUE(outcome) << outcome.message;
    EXPECT_EQ(server.count("LOAD"), 1U);
    EXPECT_THAT(host_.app_ids(), Contains("7"));
  }
}

TEST_F(SessionTest, ALostSubmissionWithoutAJobFailsAndIsNotRepeated) {
  const ApiServer server(
      [](const ApiCall& call) { return call.sql.rfind("LOAD", 0) == 0 ? misbehave(Manner::kReset) : unscripted(); });
  const Outcome outcome = run(server, Mode::kOffline, kLoad);
  EXPECT_EQ(outcome.status, PORPOISE_UNAVAILABLE);
  EXPECT_THAT(outcome.message, HasSubstr("no job of it is in SHOW JOBS. It was not sent again"));
  EXPECT_EQ(server.count("LOAD"), 1U);
}

TEST_F(SessionTest, SeveralCandidatesForALostSubmissionAreNotGuessedAmong) {
  auto is_submitted = std::make_shared<bool>(false);
  const ApiServer server([=](const ApiCall& call) {
    const Json one = job_row(7, "ImportOfflineData", "RUNNING"), other = job_row(8, "ImportOfflineData", "RUNNING");
    if (call.sql == "SHOW JOBS") return *is_submitted ? jobs({one, other}) : jobs({});
    if (call.sql.rfind("LOAD", 0) != 0) return unscripted();
    *is_submitted = true;
    return body("gateway timeout", 504);
  });
  EXPECT_THAT(run(server, Mode::kOffline, kLoad).message, HasSubstr("it may be one of the jobs 7, 8"));
}

TEST_F(SessionTest, AnRpcTimeoutOfTheServerIsFollowedByItsJob) {
  auto is_submitted = std::make_shared<bool>(false);
  const ApiServer server([=](const ApiCall& call) {
    const Json job = job_row(7, "ImportOfflineData", "FINISHED", kLoadText);
    if (call.sql == "SHOW JOBS") return *is_submitted ? jobs({job}) : jobs({});
    if (call.sql == "SHOW JOB 7") return jobs({job});
    if (call.sql.rfind("LOAD", 0) != 0) return unscripted();
    *is_submitted = true;
    return refusal(2001, "taskmanager load data failed--ReturnCode[1004]--[E1008]Reached timeout=60000ms");
  });
  const Outcome outcome = run(server, Mode::kOffline, kLoad);
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_EQ(server.count("LOAD"), 1U);
}

TEST_F(SessionTest, AJobNamedInAnAmbiguousErrorIsFollowed) {
  const ApiServer server([](const ApiCall& call) {
    if (call.sql == "SHOW JOB 7") return jobs({job_row(7, "ImportOfflineData", "FINISHED")});
    if (call.sql.rfind("LOAD", 0) != 0) return unscripted();
    return refusal(2001, "wait for job failed, use show job to get the job status. Job 7");
  });
  EXPECT_TRUE(run(server, Mode::kOffline, kLoad));
}

TEST_F(SessionTest, AnInsertWithoutAnswerIsNotRepeated) {
  const ApiServer server(
      [](const ApiCall& call) { return call.sql.rfind("INSERT", 0) == 0 ? body("oops", 500) : unscripted(); });
  const Outcome outcome = run(server, Mode::kOnline, "INSERT INTO demo_db.t VALUES (1)");
  EXPECT_THAT(outcome.message, HasSubstr("HTTP 500"));
  EXPECT_THAT(outcome.message, HasSubstr("may have run all the same, so it was not sent again"));
  EXPECT_EQ(server.count("INSERT"), 1U);
}

TEST_F(SessionTest, AReadIsRepeatedUntilItIsAnswered) {
  auto tries = std::make_shared<int>(0);
  const ApiServer server([tries](const ApiCall&) { return (*tries)++ == 0 ? body("", 500) : rows({"Int32"}, {{4}}); });
  EXPECT_TRUE(run(server, Mode::kOnline, "SHOW TABLES"));
  EXPECT_EQ(server.count("SHOW TABLES"), 2U);
  EXPECT_THAT(host_.log(), HasSubstr("trying again"));
}

TEST_F(SessionTest, AServerThatIsDownIsUnavailableAfterTheRetryTime) {
  const std::string url = [] { return ApiServer([](const ApiCall&) { return unscripted(); }).url(); }();
  const Outcome outcome = run_at(url, Mode::kOnline, "INSERT INTO demo_db.t VALUES (1)");
  EXPECT_EQ(outcome.status, PORPOISE_UNAVAILABLE);
  EXPECT_THAT(outcome.message, HasSubstr("cannot connect to " + url));
  EXPECT_THAT(host_.log(), HasSubstr("trying again"));  // certainly not sent, so even an INSERT
}

TEST_F(SessionTest, AHangingServerEndsWithTheRequestLimit) {
  config_.request = milliseconds(100);
  const ApiServer server([](const ApiCall&) { return misbehave(Manner::kHang); });
  const Outcome outcome = run(server, Mode::kOnline, "INSERT INTO demo_db.t VALUES (1)");
  EXPECT_EQ(outcome.status, PORPOISE_UNAVAILABLE);
  EXPECT_THAT(outcome.message, HasSubstr("the deadline has passed"));
}

TEST_F(SessionTest, AnAnswerThatIsTooLargeIsRefused) {
  config_.request = milliseconds(30000);  // 32 MiB take their time on a busy machine
  const ApiServer server([](const ApiCall&) { return body(std::string((std::size_t{32} << 20U) + 1, ' ')); });
  const Outcome outcome = run(server, Mode::kOnline, "SELECT * FROM demo_db.t");
  EXPECT_THAT(outcome.message, HasSubstr("larger than the limit"));
  EXPECT_EQ(server.count("SELECT"), 1U);
}

TEST_F(SessionTest, NanInAnAnswerIsShown) {
  const ApiServer server([](const ApiCall&) {
    return body(R"({"code":0,"msg":"ok","data":{"schema":["Double","Float"],"data":[[NaN,-Infinity]]}})");
  });
  EXPECT_TRUE(run(server, Mode::kOnline, "SELECT a, b FROM demo_db.t"));
  EXPECT_THAT(host_.log(), HasSubstr("NaN    | -Infinity"));
}

// Cancels as soon as the server has seen `calls` calls.
class Canceller {
 public:
  Canceller(RecordingHost& host, const ApiServer& server, std::string_view last_call)
      : thread_([&host, &server, last_call] {
          const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
          while (server.count(std::string(last_call)) == 0 && std::chrono::steady_clock::now() < give_up)
            std::this_thread::yield();
          host.cancel();
        }) {}
  ~Canceller() { thread_.join(); }

 private:
  std::thread thread_;
};

TEST_F(SessionTest, CancelStopsTheRunningJob) {
  const ApiServer server(job_script("ImportOfflineData", {"RUNNING"}));
  const Canceller canceller(host_, server, "SHOW JOB 7");
  const Outcome outcome = run(server, Mode::kOffline, kLoad);
  EXPECT_EQ(outcome.status, PORPOISE_CANCELLED);
  EXPECT_EQ(server.calls().back(), "online /dbs/__INTERNAL_DB: STOP JOB 7");
}

TEST_F(SessionTest, CancelDuringSubmissionFindsTheJobAndStopsIt) {
  const ApiServer server(lost_submission(Manner::kHang, kLoadText));
  const Canceller canceller(host_, server, "LOAD");
  const Outcome outcome = run(server, Mode::kOffline, kLoad);
  EXPECT_EQ(outcome.status, PORPOISE_CANCELLED);
  EXPECT_EQ(server.calls().back(), "online /dbs/__INTERNAL_DB: STOP JOB 7");
}

TEST_F(SessionTest, CancelEndsWithinTwoSecondsThoughTheServerHangs) {
  const ApiServer server([script = job_script("ImportOfflineData", {"RUNNING"})](const ApiCall& call) {
    return call.sql.rfind("STOP", 0) == 0 ? misbehave(Manner::kHang) : script(call);
  });
  const auto start = std::chrono::steady_clock::now();
  const Canceller canceller(host_, server, "SHOW JOB 7");
  EXPECT_EQ(run(server, Mode::kOffline, kLoad).status, PORPOISE_CANCELLED);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));  // 1 s, and a slow machine's share
  EXPECT_THAT(host_.log(), HasSubstr("job 7 could not be stopped"));
}

TEST_F(SessionTest, CancelledTasksSendNothingMore) {
  host_.cancel();
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  EXPECT_EQ(run(server, Mode::kOffline, kLoad).status, PORPOISE_CANCELLED);
  EXPECT_TRUE(server.calls().empty());
}

constexpr const char* kDeploy = "USE demo_db; DEPLOY demo SELECT a FROM t";

// A server that has `query` deployed as demo.
ApiServer::Script deployed(const std::string& query) {
  auto present = std::make_shared<bool>(true);
  return [=](const ApiCall& call) {
    if (call.sql.rfind("DROP DEPLOYMENT", 0) == 0) *present = false;
    if (call.sql.rfind("DEPLOY", 0) == 0 && *present)
      return refusal(2001, "ns create procedure failed--ReturnCode[-1]--store procedure already exists");
    if (call.target != "GET /dbs/demo_db/deployments/demo" || !*present) return unscripted();
    return body(dump_json(Json{{"code", 0}, {"msg", "ok"}, {"data", {{"name", "demo"}, {"procedure", query}}}}));
  };
}

TEST_F(SessionTest, DeployIsSentWhenThereIsNoDeployment) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  const Outcome outcome = run(server, Mode::kOnline, kDeploy);
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_EQ(server.calls().back(), "online /dbs/demo_db: DEPLOY demo SELECT a FROM t");
}

TEST_F(SessionTest, TheSameDeploymentIsLeftAlone) {
  for (const auto on_exists : {OnExists::kReplace, OnExists::kKeep, OnExists::kFail}) {
    on_exists_ = on_exists;
    const ApiServer server(deployed("CREATE PROCEDURE demo (a int) BEGIN select a from t; END;"));
    const Outcome outcome = run(server, Mode::kOnline, kDeploy);
    EXPECT_TRUE(outcome) << outcome.message;
    EXPECT_EQ(server.count("DEPLOY") + server.count("DROP"), 0U);
    EXPECT_THAT(host_.log(), HasSubstr("demo_db.demo is already deployed, unchanged"));
  }
}

TEST_F(SessionTest, AnotherQueryReplacesTheDeployment) {
  const ApiServer server(deployed("SELECT b FROM t"));
  const Outcome outcome = run(server, Mode::kOnline, kDeploy);
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_THAT(server.calls(),
              ElementsAre("GET /dbs", "GET /dbs/demo_db/deployments/demo", "online /dbs/demo_db: DROP DEPLOYMENT demo",
                          "online /dbs/demo_db: DEPLOY demo SELECT a FROM t"));
}

TEST_F(SessionTest, KeepAndFailLeaveTheOtherQueryInPlace) {
  const ApiServer server(deployed("SELECT b FROM t"));
  on_exists_ = OnExists::kKeep;
  EXPECT_TRUE(run(server, Mode::kOnline, kDeploy));
  on_exists_ = OnExists::kFail;
  EXPECT_THAT(run(server, Mode::kOnline, kDeploy).message, HasSubstr("exists with another query"));
  on_exists_.reset();
  EXPECT_TRUE(run(server, Mode::kOnline, "USE demo_db; DEPLOY IF NOT EXISTS demo SELECT a FROM t"));
  EXPECT_EQ(server.count("DEPLOY") + server.count("DROP"), 0U);
}

TEST_F(SessionTest, ADeploymentThatAppearsMeanwhileIsMetOnce) {
  auto looks = std::make_shared<int>(0);
  const ApiServer server([looks, script = deployed("SELECT a FROM t")](const ApiCall& call) {
    if (call.target.rfind("GET /dbs/demo_db", 0) == 0 && (*looks)++ == 0) return refusal(-1, "deployment not found");
    return script(call);
  });
  const Outcome outcome = run(server, Mode::kOnline, kDeploy);
  EXPECT_TRUE(outcome) << outcome.message;
  EXPECT_EQ(server.count("POST /refresh"), 1U);
  EXPECT_EQ(server.count("DEPLOY"), 1U);
}

TEST_F(SessionTest, ADeployWithoutAnswerIsJudgedByTheDeployment) {
  for (const bool is_done : {true, false}) {
    auto is_sent = std::make_shared<bool>(false);
    const ApiServer server([=, script = deployed("SELECT a FROM t")](const ApiCall& call) {
      if (call.target.rfind("GET /dbs/demo_db", 0) == 0 && !(*is_sent && is_done))
        return refusal(-1, "deployment not found");
      if (call.sql.rfind("DEPLOY", 0) != 0) return script(call);
      *is_sent = true;
      return misbehave(Manner::kReset);
    });
    EXPECT_EQ(run(server, Mode::kOnline, kDeploy).status, is_done ? PORPOISE_OK : PORPOISE_UNAVAILABLE);
    EXPECT_EQ(server.count("DEPLOY"), 1U);
  }
}

TEST_F(SessionTest, ARefusedReplacementPutsTheOldDeploymentBack) {
  const ApiServer server(
      [script = deployed("CREATE PROCEDURE demo (b int) BEGIN SELECT b FROM t; END;")](const ApiCall& call) {
        return call.sql == "DEPLOY demo SELECT a FROM t" ? refusal(1001, "Syntax error") : script(call);
      });
  const Outcome outcome = run(server, Mode::kOnline, kDeploy);
  EXPECT_THAT(outcome.message, HasSubstr("[1001] Syntax error"));
  EXPECT_EQ(server.calls().back(), "online /dbs/demo_db: DEPLOY demo SELECT b FROM t");
}

TEST_F(SessionTest, CancelBetweenDropAndDeployPutsTheOldDeploymentBack) {
  const ApiServer server([this, script = deployed("SELECT b FROM t")](const ApiCall& call) {
    if (call.sql.rfind("DROP", 0) == 0) host_.cancel();
    return script(call);
  });
  EXPECT_EQ(run(server, Mode::kOnline, kDeploy).status, PORPOISE_CANCELLED);
  EXPECT_EQ(server.calls().back(), "online /dbs/demo_db: DEPLOY demo SELECT b FROM t");
}

TEST_F(SessionTest, DeployInOfflineModeDropsNothing) {
  const ApiServer server(deployed("SELECT b FROM t"));
  EXPECT_THAT(run(server, Mode::kOffline, kDeploy).message, HasSubstr("DEPLOY needs the online mode"));
  EXPECT_EQ(server.count("DROP"), 0U);
}

TEST_F(SessionTest, ABackgroundDeployIsFollowedAtTheNameServer) {
  auto polls = std::make_shared<int>(0);
  const ApiServer server([polls](const ApiCall& call) {
    if (call.sql == "SHOW JOBS FROM NAMESERVER")
      return jobs({job_row(5, "kDeployOP", (*polls)++ < 2 ? "RUNNING" : "FAILED", "", "index loading failed")});
    return call.sql.rfind("DEPLOY", 0) == 0 ? rows({"Int64"}, {{5}}) : unscripted();
  });
  const Outcome outcome = run(server, Mode::kOnline, "USE demo_db; DEPLOY demo OPTIONS(sync='false') SELECT a FROM t");
  EXPECT_THAT(outcome.message, HasSubstr("job 5 (kDeployOP) ended FAILED: index loading failed"));
  EXPECT_EQ(server.count("SHOW JOBLOG"), 0U);  // its number is another job's there
}

}  // namespace
}  // namespace porpoise::openmldb
