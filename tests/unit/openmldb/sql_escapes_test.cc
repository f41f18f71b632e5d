// The two readings of SQL that was written for the stock task: each line of the golden file says what Python makes of
// it.
#include "openmldb/sql_escapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/golden.h"

namespace porpoise::openmldb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> texts(const Result<SqlReading>& reading) {
  if (!reading) return {"error: " + reading.error().to_string()};
  std::vector<std::string> found;
  for (const Statement& statement : reading->statements) found.push_back(statement.text);
  return found;
}

std::vector<std::string> read(std::string_view sql, SqlEscapes escapes) { return texts(read_sql(sql, escapes)); }

std::vector<std::string> split(std::string_view sql) {
  auto statements = split_sql(sql);
  if (!statements) return {"error: " + statements.error().to_string()};
  return texts(SqlReading{std::move(*statements), {}});
}

TEST(PythonMeaning, IsWhatPythonMakesOfTheLiteral) {
  for (const Json& line : support::read_golden("openmldb/python_literals.jsonl")) {
    const auto meaning = python_meaning(line.at("sql").get<std::string>());
    EXPECT_EQ(meaning ? Json(*meaning) : Json(), line.at("python")) << line;
  }
}

TEST(ReadSql, TakesEachReadingOfTheTable) {
  for (const Json& line : support::read_golden("openmldb/python_literals.jsonl")) {
    const auto sql = line.at("sql").get<std::string>();
    EXPECT_EQ(read(sql, SqlEscapes::kNone), split(sql)) << line;
    const bool is_python = line.at("python").is_string();
    if (is_python)
      EXPECT_EQ(read(sql, SqlEscapes::kPython), split(line.at("python").get<std::string>())) << line;
    else
      EXPECT_THAT(read(sql, SqlEscapes::kPython), ElementsAre(HasSubstr("not the inside of a Python literal"))) << line;
    // Undone where that is SQL; or where nothing is, to say what is wrong with what the stock task would send.
    const auto as_python = is_python ? line.at("python").get<std::string>() : sql;
    EXPECT_EQ(read(sql, SqlEscapes::kAuto), split(split_sql(as_python) || !split_sql(sql) ? as_python : sql)) << line;
  }
}

TEST(ReadSql, SaysWhichReadingWasTakenWhereBothExistAndDiffer) {
  const auto remark = [](std::string_view sql, SqlEscapes escapes = SqlEscapes::kAuto) {
    const auto reading = read_sql(sql, escapes);
    return reading ? reading->remark : "error";
  };
  EXPECT_THAT(remark(R"(SELECT 'a\\tb')"), HasSubstr("its escapes are undone"));
  EXPECT_THAT(remark(R"(SELECT 'it\'s')"), HasSubstr("taken as written"));
  EXPECT_THAT(remark(R"(SELECT 'a\\tb')", SqlEscapes::kPython), IsEmpty());
  EXPECT_THAT(remark(R"(SELECT 'a\\tb')", SqlEscapes::kNone), IsEmpty());
  EXPECT_THAT(remark(R"(SELECT 'C:\dir')"), IsEmpty()) << "both are the same";
  EXPECT_THAT(remark(R"(SELECT "a\\tb")"), IsEmpty()) << "no Python literal: it would end at the quote";
  EXPECT_THAT(remark(R"(SELECT \"x)"), "error") << "neither is SQL";
}

TEST(ReadSql, PlacesAStatementInTheTextThatWasTaken) {
  const auto reading = read_sql(R"(SELECT 'a\nb'; SELECT \"x\")", SqlEscapes::kAuto);
  ASSERT_TRUE(reading);
  ASSERT_EQ(reading->statements.size(), 2U);
  EXPECT_EQ(reading->statements[1].line, 2U);
  EXPECT_EQ(reading->statements[1].text, R"(SELECT "x")");
}

TEST(PythonMeaning, SaysWhereTheLiteralBreaks) {
  const auto error = [](std::string_view sql) { return python_meaning(sql).error().to_string(); };
  EXPECT_THAT(error("SELECT 1,\n \"x\""), HasSubstr("line 2, column 2: the quote would end the Python literal"));
  EXPECT_THAT(error(R"(SELECT '\x4')"), HasSubstr("\\x takes 2 hexadecimal digits"));
  EXPECT_THAT(error(R"(SELECT '\N{BULLET}')"), HasSubstr("not read here"));
}

TEST(ParseSqlEscapes, NamesTheChoices) {
  EXPECT_EQ(*parse_sql_escapes("Python"), SqlEscapes::kPython);
  EXPECT_EQ(parse_sql_escapes("java").error().to_string(),
            "parameter 'sqlEscapes' must be python, none or auto, not 'java'");
}

}  // namespace
}  // namespace porpoise::openmldb
