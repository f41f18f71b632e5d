#include "openmldb/sql_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise::openmldb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> texts(std::string_view sql) {
  const auto statements = split_sql(sql);
  if (!statements) return {"error: " + statements.error().to_string()};
  std::vector<std::string> result;
  for (const Statement& statement : *statements) result.push_back(statement.text);
  return result;
}

Statement only(std::string_view sql) {
  const auto statements = split_sql(sql);
  EXPECT_TRUE(statements) << statements.error().to_string();
  EXPECT_EQ(statements->size(), 1U) << sql;
  return statements->at(0);
}

TEST(SplitSql, CutsAtSemicolonsAndTrims) {
  EXPECT_THAT(texts("USE db;\n set @@job_timeout=1;\r\nSELECT 1"),
              ElementsAre("USE db", "set @@job_timeout=1", "SELECT 1"));
}

TEST(SplitSql, LeavesOutPiecesWithoutAnything) {
  EXPECT_THAT(texts(";; -- only words\n ; /* ; */ ;\r\n"), IsEmpty());
  EXPECT_THAT(texts(""), IsEmpty());
}

TEST(SplitSql, SemicolonInsideALiteralIsText) {
  EXPECT_THAT(texts("SELECT ';', \";\", `a;b`; SELECT 2"), ElementsAre("SELECT ';', \";\", `a;b`", "SELECT 2"));
}

TEST(SplitSql, KnowsEscapedAndDoubledQuotes) {
  EXPECT_THAT(texts(R"(SELECT 'it\'s;'; SELECT 'it''s;'; SELECT "a\\"; SELECT 3)"),
              ElementsAre(R"(SELECT 'it\'s;')", "SELECT 'it''s;'", R"(SELECT "a\\")", "SELECT 3"));
}

TEST(SplitSql, SemicolonAndQuoteInsideACommentAreNothing) {
  EXPECT_THAT(texts("SELECT 1 -- it's; not\n+ 2; # don't;\nSELECT /* ' ; */ 3"),
              ElementsAre("SELECT 1 -- it's; not\n+ 2", "SELECT /* ' ; */ 3"));
}

TEST(SplitSql, CommentMarksInsideALiteralAreText) {
  EXPECT_THAT(texts("SELECT '--', '/*', '#'; SELECT 2"), ElementsAre("SELECT '--', '/*', '#'", "SELECT 2"));
}

TEST(SplitSql, DropsCommentsAroundAStatementOnly) {
  EXPECT_THAT(texts("-- load\nSELECT 1 /* kept */ + 1 -- gone\n;"), ElementsAre("SELECT 1 /* kept */ + 1"));
}

TEST(SplitSql, UnterminatedConstructsNameWhereTheyBegin) {
  EXPECT_THAT(texts("SELECT 1;\n  SELECT 'abc"),
              ElementsAre("error: line 2, column 10: the string that begins here has no closing '"));
  EXPECT_THAT(texts("SELECT \"x\\\""), ElementsAre(HasSubstr("line 1, column 8: the string")));
  EXPECT_THAT(texts("SELECT `x"), ElementsAre(HasSubstr("line 1, column 8: the name")));
  EXPECT_THAT(texts("SELECT 1 /* x"), ElementsAre(HasSubstr("line 1, column 10: the comment")));
  EXPECT_THAT(texts("SELECT 1 /*/"), ElementsAre(HasSubstr("no closing */")));
  EXPECT_THAT(texts("'\\"), ElementsAre(HasSubstr("no closing '")));
}

TEST(SplitSql, TellsLineAndColumnOfEachStatement) {
  const auto statements = split_sql("USE a;\r\n\n  -- x\n  SELECT 1; SHOW JOBS");
  ASSERT_TRUE(statements);
  ASSERT_EQ(statements->size(), 3U);
  EXPECT_EQ(std::make_pair(statements->at(1).line, statements->at(1).column), std::make_pair(4UL, 3UL));
  EXPECT_EQ(std::make_pair(statements->at(2).line, statements->at(2).column), std::make_pair(4UL, 13UL));
}

TEST(SplitSql, RefusesTooMuch) {
  EXPECT_THAT(texts(std::string(kMaxSqlBytes + 1, ' ')), ElementsAre(HasSubstr("larger than the limit")));
  std::string many;
  for (std::size_t i = 0; i <= kMaxStatements; ++i) many += "x;";
  EXPECT_THAT(texts(many), ElementsAre(HasSubstr("more than 10000 statements")));
}

TEST(Classify, KnowsTheKinds) {
  const std::vector<std::pair<const char*, StatementKind>> cases = {
      {"use db", StatementKind::kUse},
      {"SET @@execute_mode='online'", StatementKind::kSet},
      {"load /* x */ data INFILE 'a;b' INTO TABLE t", StatementKind::kLoadData},
      {"LOAD x", StatementKind::kOther},
      {"select 1", StatementKind::kSelect},
      {"(select 1)", StatementKind::kSelect},
      {"WITH a AS (SELECT 1) SELECT * FROM a", StatementKind::kSelect},
      {"SELECT a FROM t INTO\n OUTFILE '/tmp/x'", StatementKind::kSelectInto},
      {"SELECT 'INTO OUTFILE' FROM t", StatementKind::kSelect},
      {"INSERT INTO t VALUES (1)", StatementKind::kInsert},
      {"DEPLOY d SELECT 1", StatementKind::kDeploy},
      {"CREATE TABLE t(a int)", StatementKind::kCreateTable},
      {"CREATE DATABASE d", StatementKind::kOther},
      {"DROP TABLE t", StatementKind::kOther},
      {"STOP JOB 3", StatementKind::kOther},
      {"SHOW JOBS", StatementKind::kRead},
      {"desc t", StatementKind::kRead},
      {"EXPLAIN SELECT 1", StatementKind::kRead},
      {"'string'", StatementKind::kOther},
  };
  for (const auto& [sql, kind] : cases) EXPECT_EQ(only(sql).kind, kind) << sql;
}

TEST(Classify, ReadsNamesConditionsAndValues) {
  EXPECT_EQ(only("USE `my db`").name, "my db");
  const Statement deploy = only("DEPLOY IF NOT EXISTS demo OPTIONS(x='1') SELECT 1");
  EXPECT_EQ(deploy.name, "demo");
  EXPECT_TRUE(deploy.is_conditional);
  const Statement table = only("create table if not exists `db`.t(a int)");
  EXPECT_EQ(table.qualifier + "|" + table.name, "db|t");
  EXPECT_TRUE(table.is_conditional);
  EXPECT_TRUE(only("DROP TABLE IF EXISTS t").is_conditional);
  EXPECT_FALSE(only("DROP TABLE t").is_conditional);
}

TEST(Classify, ReadsVariables) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"set @@job_timeout=200000", "|job_timeout|200000"},
      {"SET @@SESSION.Execute_Mode = 'online'", "session|execute_mode|online"},
      {"SET @@global.sync_job=true", "global|sync_job|true"},
      {"SET x \"y\"", "|x|"},
      {"SET", "||"},
  };
  for (const auto& [sql, expected] : cases) {
    const Statement set = only(sql);
    EXPECT_EQ(set.qualifier + "|" + set.name + "|" + set.value, expected) << sql;
  }
}

TEST(Classify, OfflineWorkAndEveryLoadAreJobs) {
  for (const char* sql :
       {"LOAD DATA INFILE 'x' INTO TABLE t", "SELECT 1", "SELECT 1 INTO OUTFILE 'x'", "INSERT INTO t VALUES(1)"})
    EXPECT_TRUE(starts_job(only(sql), Mode::kOffline)) << sql;
  EXPECT_TRUE(starts_job(only("LOAD DATA INFILE 'x' INTO TABLE t"), Mode::kOnline));
  for (const char* sql : {"SELECT 1", "SELECT 1 INTO OUTFILE 'x'", "INSERT INTO t VALUES(1)"})
    EXPECT_FALSE(starts_job(only(sql), Mode::kOnline)) << sql;
  EXPECT_FALSE(starts_job(only("CREATE TABLE t(a int)"), Mode::kOffline));
}

TEST(Classify, OnlyHarmlessStatementsAreRepeatable) {
  for (const char* sql :
       {"SHOW JOBS", "SELECT 1", "SET @@x=1", "CREATE DATABASE IF NOT EXISTS d", "DROP TABLE IF EXISTS t"})
    EXPECT_TRUE(is_repeatable(only(sql), Mode::kOnline)) << sql;
  for (const char* sql : {"INSERT INTO t VALUES(1)", "LOAD DATA INFILE 'x' INTO TABLE t", "CREATE TABLE t(a int)",
                          "DROP TABLE t", "DEPLOY d SELECT 1", "SELECT 1 INTO OUTFILE 'x'", "STOP JOB 1"})
    EXPECT_FALSE(is_repeatable(only(sql), Mode::kOnline)) << sql;
  EXPECT_FALSE(is_repeatable(only("SELECT 1"), Mode::kOffline));
}

TEST(Headline, IsOneBoundedLine) {
  EXPECT_EQ(headline("  SELECT\n\t 1  ", 100), "SELECT 1");
  EXPECT_EQ(headline("abcdef", 3), "abc…");
  EXPECT_EQ(headline("äöü", 3), "äöü");
  EXPECT_EQ(headline("äöüx", 2), "äö…");
}

}  // namespace
}  // namespace porpoise::openmldb
