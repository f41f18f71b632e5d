#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openmldb/jobs.h"
#include "openmldb/rest_answer.h"
#include "openmldb/table_text.h"

namespace porpoise::openmldb {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Statement only(std::string_view sql) { return split_sql(sql)->at(0); }

TEST(QuoteSpecialNumbers, TouchesBareTokensOnly) {
  EXPECT_EQ(quote_special_numbers(R"({"a":[NaN,-Infinity,Infinity,-Inf,"NaN \" NaN",-1]})"),
            R"({"a":["NaN","-Infinity","Infinity","-Inf","NaN \" NaN",-1]})");
  EXPECT_EQ(quote_special_numbers("\"NaN"), "\"NaN");
  EXPECT_EQ(quote_special_numbers("\"\\"), "\"\\");
  EXPECT_EQ(quote_special_numbers(""), "");
}

TEST(ReadAnswer, GivesRowsOfEveryType) {
  const auto answer = read_answer(200, R"({"code":0,"msg":"ok","data":{"schema":["Int64","Double","Bool","String"],
      "data":[[9223372036854775807,NaN,true,null],[-1,1.5,false,"x"]]}})");
  ASSERT_TRUE(answer) << answer.error().error.to_string();
  const auto table = read_table(*answer);
  ASSERT_TRUE(table);
  EXPECT_EQ(table_text(*table),
            "Int64               | Double | Bool  | String\n"
            "9223372036854775807 | NaN    | true  | NULL\n"
            "-1                  | 1.5    | false | x");
}

TEST(ReadAnswer, ARefusalKeepsCodeAndText) {
  const auto answer = read_answer(200, R"({"code":2001,"msg":"ns create procedure failed"})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().server_code, 2001);
  EXPECT_EQ(answer.error().error.to_string(), "[2001] ns create procedure failed");
  EXPECT_FALSE(answer.error().may_have_run);
}

TEST(ReadAnswer, ALostJobIsNoRefusal) {
  for (const char* message :
       {"taskmanager load data failed--ReturnCode[1004]--[E1008]Reached timeout=60000ms @127.0.0.1:9902",
        "[E1014]Got EOF of Socket", "wait for job failed, use show job to get the job status. Job 7"}) {
    const auto answer = read_answer(200, dump_json(Json{{"code", 2001}, {"msg", message}}));
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().may_have_run) << message;
  }
}

TEST(ReadAnswer, WhatIsNoAnswerMayHaveRun) {
  for (const char* body : {"", "<html>", R"({"code":0,"data":{"schema":["Int)", "[]", "{}", R"({"code":"0"})"}) {
    const auto answer = read_answer(200, body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().error.code(), ErrorCode::kUnavailable) << body;
    EXPECT_TRUE(answer.error().may_have_run) << body;
  }
  EXPECT_TRUE(read_answer(500, "x").error().may_have_run);
  EXPECT_FALSE(read_answer(404, "x").error().may_have_run);
  EXPECT_EQ(read_answer(429, "x").error().error.code(), ErrorCode::kUnavailable);
}

TEST(ReadAnswer, AHugeCodeIsNotANumberOfOurs) {
  EXPECT_FALSE(read_answer(200, R"({"code":99999999999999999999,"msg":"x"})"));
  EXPECT_FALSE(read_answer(200, R"({"code":1e400,"msg":"x"})"));
  EXPECT_FALSE(read_answer(200, R"({"code":4294967296,"msg":"x"})"));
}

TEST(TableText, IsBoundedInEveryDirection) {
  Table table;
  for (int i = 0; i < 15; ++i) table.heads.push_back("String");
  table.rows.assign(25, std::vector<Cell>(15, std::string(100, 'x')));
  const std::string text = table_text(table);
  EXPECT_THAT(text, HasSubstr("… and 3 more columns"));
  EXPECT_THAT(text, HasSubstr("… and 5 more rows"));
  EXPECT_LT(text.size(), 22U * 12U * 50U);
  EXPECT_THAT(text, Not(HasSubstr(std::string(41, 'x'))));
}

TEST(TableText, KeepsATextOfTheServerAsItIs) {
  EXPECT_EQ(table_text({{"String"}, {{"a  b\nc"}}}), "a  b\nc");
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "line\n";
  EXPECT_THAT(table_text({{"String"}, {{lines}}}), HasSubstr("… and 60 more lines"));
  EXPECT_EQ(table_text({}), "");
}

std::vector<Cell> cells(int width) {
  std::vector<Cell> row(static_cast<std::size_t>(width), std::nullopt);
  row[0] = "7";
  row[1] = "ImportOfflineData";
  row[2] = "Failed";
  row[5] = "LOAD DATA INFILE 'x' INTO TABLE t;";
  row[8] = "broken";
  return row;
}

TEST(ReadJobs, UnderstandsEveryLayout) {
  for (const int width : {14, 9}) {
    const auto jobs = read_jobs({{}, {cells(width)}});
    ASSERT_EQ(jobs.size(), 1U) << width;
    EXPECT_EQ(jobs[0].id, 7);
    EXPECT_EQ(jobs[0].error, "broken");
    EXPECT_TRUE(jobs[0].is_final());
    EXPECT_FALSE(jobs[0].is_finished());
  }
  const std::string text =
      " ---- ------------------- ---------- --------------------- ---------- ----------- --------- ---------------- "
      "------- \n"
      "  id   job_type            state      start_time            end_time   parameter   cluster   application_id   "
      "error  \n"
      " ---- ------------------- ---------- --------------------- ---------- ----------- --------- ---------------- "
      "------- \n"
      "  12   ImportOnlineData    FINISHED   2022-05-01 10:00:00   NULL       /tmp/x.sql  local     local-1          "
      "oops   \n"
      " ---- ------------------- ---------- --------------------- ---------- ----------- --------- ---------------- "
      "------- \n"
      "\n1 row in set\n";
  const auto jobs = read_jobs({{"String"}, {{text}}});
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].id, 12);
  EXPECT_EQ(jobs[0].type, "ImportOnlineData");
  EXPECT_EQ(jobs[0].parameter, "/tmp/x.sql");
  EXPECT_EQ(jobs[0].error, "oops");
  EXPECT_TRUE(jobs[0].is_finished());
}

TEST(ReadJobs, WhatIsNoJobIsLeftOut) {
  EXPECT_TRUE(read_jobs({{}, {{"1", "x"}, {"abc"}, {std::nullopt}, {}}}).empty());
  std::vector<Cell> row = cells(14);
  row[0] = "seven";
  EXPECT_TRUE(read_jobs({{}, {row}}).empty());
}

TEST(JobState, IsComparedInAnyCase) {
  for (const char* state : {"FINISHED", "finished", "Failed", "KILLED", "LOST", "Stopped"})
    EXPECT_TRUE((Job{1, "", state, "", ""}.is_final())) << state;
  for (const char* state : {"Submitted", "RUNNING", "UNKNOWN", "CONNECTED", ""})
    EXPECT_FALSE((Job{1, "", state, "", ""}.is_final())) << state;
}

TEST(JobInMessage, FindsTheNumber) {
  EXPECT_EQ(job_in_message("The job 31 fail and use 'SHOW JOBLOG 31' for more info"), 31);
  EXPECT_EQ(job_in_message("wait for job failed, use show job to get the job status. Job 7"), 7);
  EXPECT_EQ(job_in_message("the job failed"), std::nullopt);
  EXPECT_EQ(job_in_message("job 99999999999999999999"), std::nullopt);
}

TEST(FindStarted, TakesTheNewJobOfThatTypeAndText) {
  const Statement load = only("LOAD DATA INFILE 'x'\n INTO TABLE t");
  const std::vector<Job> jobs = {{3, "ImportOfflineData", "RUNNING", "LOAD DATA INFILE 'x' INTO TABLE t;", ""},
                                 {4, "ImportOfflineData", "RUNNING", "LOAD DATA INFILE 'y' INTO TABLE t;", ""},
                                 {5, "ImportOfflineData", "RUNNING", "LOAD DATA INFILE 'x' INTO TABLE t;", ""},
                                 {6, "ExportOfflineData", "RUNNING", "/tmp/sql-file", ""}};
  ASSERT_EQ(find_started(jobs, 3, load, Mode::kOffline).size(), 1U);
  EXPECT_EQ(find_started(jobs, 3, load, Mode::kOffline)[0].id, 5);
  EXPECT_EQ(find_started(jobs, 0, load, Mode::kOffline).size(), 2U);
  EXPECT_TRUE(find_started(jobs, 5, load, Mode::kOffline).empty());
  EXPECT_TRUE(find_started(jobs, 0, load, Mode::kOnline).empty());
  EXPECT_EQ(find_started(jobs, 3, only("SELECT 1 INTO OUTFILE 'y'"), Mode::kOffline)[0].id, 6);
}

TEST(JobLog, TailAndReasonAreBounded) {
  std::string log = "Stdout:\n";
  for (int i = 0; i < 1000; ++i) log += "line " + std::to_string(i) + "\n";
  log +=
      "\nStderr:\njava.lang.RuntimeException: outer\n\tat x\nCaused by: org.apache.Path does not exist: "
      "file:/nope\n\tat y\n";
  const std::string tail = log_tail(log);
  EXPECT_THAT(tail, Not(HasSubstr("line 900")));
  EXPECT_THAT(tail, HasSubstr("line 999"));
  EXPECT_EQ(tail.substr(tail.size() - 5), "\tat y");
  EXPECT_EQ(log_reason(log), "Caused by: org.apache.Path does not exist: file:/nope");
  EXPECT_EQ(log_reason("x\nAnalysisException: b\ny"), "AnalysisException: b");
  EXPECT_EQ(log_reason("all is well"), "");
  EXPECT_EQ(log_tail(""), "");
  EXPECT_EQ(log_tail("one"), "one");
}

}  // namespace
}  // namespace porpoise::openmldb
