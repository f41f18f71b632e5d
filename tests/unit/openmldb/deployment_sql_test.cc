#include "openmldb/deployment_sql.h"

#include <gtest/gtest.h>

namespace porpoise::openmldb {
namespace {

constexpr const char* kMine =
    "DEPLOY demo OPTIONS(RANGE_BIAS='inf') SELECT a, count(b) OVER w AS n FROM t -- all\nWINDOW w AS "
    "(PARTITION BY a ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW);";

TEST(IsSameQuery, AcceptsEveryFormTheServerGives) {
  const std::string query =
      "select a, count(b) over w as n from t window w as (partition by a order by ts rows between 2 "
      "preceding and current row)";
  EXPECT_TRUE(is_same_query(kMine, query));
  EXPECT_TRUE(is_same_query(kMine, "DEPLOY demo " + query + ";"));
  EXPECT_TRUE(is_same_query(kMine, "CREATE PROCEDURE demo (a int, b string, ts timestamp) BEGIN " + query + "; END;"));
}

TEST(IsSameQuery, SeesThroughReformatting) {
  EXPECT_TRUE(
      is_same_query(kMine,
                    "SELECT\n  a,\n  count(`b`) OVER (w) AS n\nFROM\n  t\nWINDOW w AS (PARTITION BY a\n  ORDER BY "
                    "ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)\n;"));
  EXPECT_TRUE(is_same_query("DEPLOY d SELECT a x FROM t", "SELECT a AS x FROM t"));
  EXPECT_TRUE(is_same_query("DEPLOY d SELECT \"x\" FROM t", "SELECT 'x' FROM t"));
}

TEST(IsSameQuery, SeesEveryRealDifference) {
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT a FROM t", "SELECT b FROM t"));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT 'A' FROM t", "SELECT 'a' FROM t"));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT 'a b' FROM t", "SELECT 'a  b' FROM t"));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT a FROM t", "SELECT 'a' FROM t"));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT a FROM t", "SELECT a FROM t WHERE a > 1"));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT 1.5 FROM t", "SELECT 1.50 FROM t"));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT a FROM t1", "SELECT a FROM t 1"));
}

TEST(IsSameQuery, NothingEqualsWhatHoldsNoQuery) {
  EXPECT_FALSE(is_same_query("DEPLOY d", ""));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT 1", ""));
  EXPECT_FALSE(is_same_query("DEPLOY d SELECT 1", "SELECT 'unterminated"));
}

TEST(QueryOf, IsTheBareQuery) {
  EXPECT_EQ(query_of("CREATE PROCEDURE d (a int) BEGIN SELECT a\nFROM t; END;"), "SELECT a\nFROM t");
  EXPECT_EQ(query_of("DEPLOY d SELECT a FROM t ;"), "SELECT a FROM t");
  EXPECT_EQ(query_of("nothing"), "");
}

}  // namespace
}  // namespace porpoise::openmldb
