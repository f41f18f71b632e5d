"""Joins, grouping, ordering, and the queries that are refused."""

import unittest

from support import SandboxTest

OVER = "OVER (PARTITION BY k ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"


class QueryTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        ok = cls.sandbox.ok
        ok("CREATE DATABASE demo_db")
        ok("CREATE DATABASE other")
        ok("CREATE TABLE a(id int, k int, ts timestamp, v double)")
        ok("CREATE TABLE other.b(k int, ts timestamp, name string)")
        ok("INSERT INTO a VALUES (1,1,100,1.5), (2,1,200,NULL), (3,2,300,2.5), (4,NULL,400,4.0), (5,3,500,0.5)")
        ok("INSERT INTO other.b VALUES (1,90,'x'), (1,150,'y'), (1,150,'z'), (1,NULL,'n'), (2,900,'late'), (NULL,1,'null')")

    def test_last_join(self):
        rows = self.sandbox.ok("SELECT a.id, b.name FROM a LAST JOIN other.b AS b ORDER BY b.ts ON a.k = b.k")
        self.assertEqual(rows, [[1, "z"], [2, "z"], [3, "late"], [4, None], [5, None]])

    def test_last_join_with_condition(self):
        rows = self.sandbox.ok(
            "SELECT a.id, b.name, b.ts FROM a LAST JOIN other.b AS b ORDER BY b.ts ON a.k = b.k AND b.ts <= a.ts"
        )
        self.assertEqual(rows, [[1, "x", 90], [2, "z", 150], [3, None, None], [4, None, None], [5, None, None]])

    def test_last_join_without_order_takes_the_newest_arrival(self):
        rows = self.sandbox.ok("SELECT id, name FROM a LAST JOIN other.b ON a.k = b.k")
        self.assertEqual(rows[:3], [[1, "n"], [2, "n"], [3, "late"]])

    def test_two_last_joins_and_a_window(self):
        rows = self.sandbox.ok(
            "SELECT a.id, b.name, c.id, count(a.v) over w FROM a LAST JOIN other.b b ORDER BY b.ts ON a.k = b.k "
            "LAST JOIN a c ORDER BY c.ts ON a.k = c.k "
            "WINDOW w AS (PARTITION BY a.k ORDER BY a.ts ROWS BETWEEN 5 PRECEDING AND CURRENT ROW)"
        )
        self.assertEqual(rows, [[1, "z", 2, 1], [2, "z", 2, 1], [3, "late", 3, 1], [4, None, None, 1], [5, None, 5, 1]])

    def test_left_join(self):
        rows = self.sandbox.ok("SELECT a.id, b.name FROM a LEFT JOIN other.b b ON a.k = b.k AND b.name NOT IN ('late', 'n')")
        self.assertEqual(rows, [
            [1, "x"], [1, "y"], [1, "z"], [2, "x"], [2, "y"], [2, "z"], [3, None], [4, None], [5, None],
        ])

    def test_group_by(self):
        rows = self.sandbox.ok(
            "SELECT k, count(*) AS c, sum(v), avg(v), min(id), max(ts), distinct_count(k), count_where(v, v > 2), "
            "top(id, 2) FROM a GROUP BY k HAVING count(*) < 9 ORDER BY k DESC"
        )
        self.assertEqual(rows, [
            [3, 1, 0.5, 0.5, 5, 500, 1, 0, "5"],
            [2, 1, 2.5, 2.5, 3, 300, 1, 1, "3"],
            [1, 2, 1.5, 1.5, 1, 200, 1, 0, "2,1"],
            [None, 1, 4.0, 4.0, 4, 400, 1, 1, "4"],
        ])

    def test_order_limit_distinct(self):
        self.assertEqual(self.sandbox.ok("SELECT DISTINCT k FROM a ORDER BY k"), [[None], [1], [2], [3]])
        self.assertEqual(self.sandbox.ok("SELECT id, ts FROM a ORDER BY ts DESC LIMIT 2"), [[5, 500], [4, 400]])
        self.assertEqual(self.sandbox.ok("SELECT id AS x FROM a ORDER BY x DESC LIMIT 1;"), [[5]])
        self.assertEqual(self.sandbox.ok("SELECT id FROM a LIMIT 0"), [])

    def test_subquery_and_stars(self):
        rows = self.sandbox.ok(
            f"SELECT x.id, n FROM (SELECT id, count(*) {OVER} AS n FROM a WHERE v > 1.0) AS x WHERE n = 1 ORDER BY id"
        )
        self.assertEqual(rows, [[1, 1], [3, 1], [4, 1]])
        self.assertEqual(self.sandbox.ok("SELECT a.*, id FROM a WHERE id = 3"), [[3, 2, 300, 2.5, 3]])

    def test_whole_table_aggregate_is_for_online_only(self):
        self.assertEqual(self.sandbox.ok("SELECT count(*), sum(id) FROM a"), [[5, 15]])
        self.assertEqual(self.sandbox.ok("SELECT count(*) FROM a WHERE id > 99"), [[0]])
        answer = self.sandbox.sql("SELECT count(*) FROM a", "offsync")
        self.assert_error(answer, 2001, "SHOW JOBLOG")
        job_id = int(answer["msg"].split("SHOW JOBLOG ")[1].split("'")[0])
        self.assertIn("aggregate over a whole table", self.sandbox.log(job_id))

    def test_only_the_first_statement_runs(self):
        self.assertEqual(self.sandbox.ok("SELECT 1; DROP TABLE a; SELEC"), [[1]])
        self.assertEqual(self.sandbox.ok("SELECT count(*) FROM a; -- still there"), [[5]])

    def test_refused_constructs(self):
        window = "SELECT count(v) over w FROM a WINDOW w AS ({})"
        keys = "PARTITION BY k ORDER BY ts"
        for text, code, part in [
            (window.format(f"{keys} RANGE BETWEEN 1h PRECEDING AND CURRENT ROW"), 1000, "RANGE, use ROWS or ROWS_RANGE"),
            (window.format(f"{keys} ROWS BETWEEN 1h PRECEDING AND CURRENT ROW"), 1000, "time bound"),
            (window.format(f"{keys} ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING"), 1000, "FOLLOWING"),
            (window.format(f"{keys} ROWS BETWEEN 1 PRECEDING AND 2 PRECEDING"), 1000, "starts after its end"),
            (window.format(f"{keys} ROWS BETWEEN 1 PRECEDING AND UNBOUNDED PRECEDING"), 1000, "UNBOUNDED"),
            (window.format(keys), 1000, "without a frame"),
            (window.format("ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"), 1000, "without PARTITION BY"),
            (window.format("PARTITION BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"), 1000, "ORDER BY"),
            (window.format(f"{keys} DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"), 1000, "DESC"),
            (window.format("PARTITION BY k ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"), 1004, "double"),
            (window.format(f"UNION other.b {keys} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"), 1000, "window union table"),
            (window.format(f"{keys} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW MAXSIZE 2"), 1000, "MAXSIZE"),
            (window.format(f"{keys} ROWS_RANGE BETWEEN 1d PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW MAXSIZE 2"), 1001, "MAXSIZE"),
            ("SELECT count(v) over nowhere FROM a", 1000, "window nowhere"),
            (f"SELECT row_number() {OVER} FROM a", 1004, "row_number()"),
            (f"SELECT hour(ts) {OVER} FROM a", 1004, "hour()"),
            (f"SELECT count(DISTINCT v) {OVER} FROM a", 1004, "DISTINCT"),
            (f"SELECT sum(k, v) {OVER} FROM a", 1004, "sum()"),
            (f"SELECT sum(ts) {OVER} FROM a", 1004, "sum(timestamp)"),
            (f"SELECT top(v, k) {OVER} FROM a", 1004, "constant"),
            (f"SELECT id FROM a WHERE count(*) {OVER} > 1", 1004, "not allowed here"),
            (f"SELECT k, count(*) {OVER} FROM a GROUP BY k", 1004, "not allowed here"),
            ("SELECT id, count(*) FROM a GROUP BY k", 1004, "Fail to find column id"),
            ("SELECT lag(v, 1) FROM a GROUP BY k", 1004, "lag() needs a window"),
            ("SELECT k FROM a GROUP BY k + 1", 1000, "GROUP BY"),
            ("SELECT id FROM a WHERE count(*) > 1", 1004, "aggregate count()"),
            ("SELECT id FROM a HAVING id > 1", 1000, "HAVING"),
            ("SELECT id FROM a WHERE id", 1004, "expected bool"),
            ("SELECT a.id FROM a JOIN other.b ON a.k = b.k", 1000, "INNER JOIN"),
            ("SELECT a.id FROM a RIGHT JOIN other.b ON a.k = b.k", 1000, "RIGHT JOIN"),
            ("SELECT a.id FROM a, other.b", 1000, "JOIN"),
            ("SELECT k FROM a LAST JOIN other.b ON a.k = b.k", 1004, "ambiguous"),
            ("SELECT id FROM a LAST JOIN other.b ORDER BY b.name ON a.k = b.k", 1004, "Invalid Order column type"),
            ("SELECT id FROM a LAST JOIN other.b ORDER BY b.ts, b.k ON a.k = b.k", 1000, "LAST JOIN"),
            ("SELECT id FROM a ORDER BY v", 1004, "ORDER BY in"),
            ("SELECT id, v FROM a ORDER BY v", 1004, "Invalid Order column type"),
            ("SELECT id, k FROM a ORDER BY k, id", 1000, "order by multiple"),
            ("SELECT v, count(*) FROM a GROUP BY v", 1004, "unsupported partition key"),
            ("SELECT id FROM a LIMIT 1 OFFSET 1", 1000, "OFFSET"),
            ("SELECT id FROM a UNION ALL SELECT 1", 1000, "UNION"),
            ("WITH x AS (SELECT 1) SELECT * FROM x", 1000, "WITH"),
            ("SELECT id FROM nowhere", 1202, "demo_db.nowhere"),
            ("SELECT id FROM nodb.a", 1202, "nodb.a"),
            ("ALTER TABLE a ADD COLUMN x int", 1000, "ALTER"),
            ("EXPLAIN SELECT 1", 1000, "EXPLAIN"),
            ("CREATE INDEX i ON a (k)", 1000, "CREATE INDEX"),
            ("SHOW COMPONENTS", 1000, "SHOW COMPONENTS"),
            ("INSERT INTO a SELECT * FROM a", 1000, "INSERT INTO ... SELECT"),
        ]:
            with self.subTest(text):
                self.assert_error(self.sandbox.sql(text), code, part)

    def test_syntax_errors_have_a_place(self):
        for text, place in {
            "SELEC 1": "[at 1:1]",
            "SELECT id\nFROM a WHERE": "[at 2:",
            "SELECT FROM a": "[at 1:8]",
            "SELECT id,, k FROM a": "[at 1:11]",
            "SELECT id FROM a GROUP BY": "[at 1:",
            "SELECT (id FROM a": "[at 1:",
            "SELECT 'open FROM a": "[at 1:",
            "SELECT id FROM a LAST JOIN other.b ORDER BY b.ts": "[at 1:",
            "CREATE TABLE x(a nonsense)": "[at 1:18]",
            "CREATE TABEL x(a int)": "[at 1:8]",
            "LOAD DATA INFILE x INTO TABLE a": "[at 1:18]",
            "DROP TABLE": "[at 1:11]",
            "SHOW JOB x": "[at 1:10]",
            "": "[at 1:1]",
            "SELECT count(v) over w FROM a WINDOW w AS (PARTITION BY k ORDER BY ts ROWS BETWEEN 1 AND CURRENT ROW)": "[at 1:",
        }.items():
            with self.subTest(text):
                answer = self.sandbox.sql(text)
                self.assert_error(answer, 1001, "create logic plan tree failed--Syntax error: ", place)
                self.assertTrue(answer["msg"].endswith("^"), answer)


class StatementTest(SandboxTest):
    """DDL, session statements and INSERT."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")

    def test_databases(self):
        sql, ok = self.sandbox.sql, self.sandbox.ok
        ok("CREATE DATABASE d1")
        ok("CREATE DATABASE IF NOT EXISTS d1")
        self.assert_error(sql("CREATE DATABASE d1"), 2000, "Create database failed for database already exists")
        self.assertIn(["d1"], ok("SHOW DATABASES"))
        self.assert_error(sql("USE nowhere"), 2000, "Use database failed for database not found")
        self.assertEqual(sql("USE d1"), {"code": 0, "msg": "ok"})
        ok("CREATE TABLE d1.t(a int)")
        self.assert_error(sql("DROP DATABASE d1"), 2001, "ReturnCode[803]")
        ok("DROP TABLE d1.t")
        ok("DROP DATABASE d1")
        ok("DROP DATABASE IF EXISTS d1")
        self.assert_error(sql("DROP DATABASE d1"), 2001, "ReturnCode[802]")

    def test_tables(self):
        sql, ok = self.sandbox.sql, self.sandbox.ok
        create = (
            "CREATE TABLE {}t(id int NOT NULL, `key` string, ts timestamp, INDEX(KEY=(id, `key`), TS=ts, TTL=30d, "
            "TTL_TYPE=absolute), INDEX(KEY=id, TTL=(2h, 5), TTL_TYPE=absorlat)) "
            "OPTIONS(PARTITIONNUM=2, REPLICANUM=1, STORAGE_MODE='SSD')"
        )
        ok(create.format(""))
        ok(create.format("IF NOT EXISTS "))
        self.assert_error(sql(create.format("")), 2000, "table already exists")
        self.assertIn(["t"], ok("SHOW TABLES"))
        table = self.sandbox.call("GET", "/dbs/demo_db/tables/t")["table"]
        self.assertEqual(table["partition_num"], 2)
        self.assertEqual([c["data_type"] for c in table["column_desc"]], ["kInt", "kString", "kTimestamp"])
        self.assertEqual([c["not_null"] for c in table["column_desc"]], [True, False, False])
        self.assertEqual([i["ttl"] for i in table["column_key"]], [
            {"ttl_type": "absolute", "abs_ttl": 43200, "lat_ttl": 0},
            {"ttl_type": "absorlat", "abs_ttl": 120, "lat_ttl": 5},
        ])
        description = ok("DESC t")[0][0]
        for part in ("Timestamp", "id|key", "43200min"):
            self.assertIn(part, description)
        ok("DROP TABLE t")
        self.assert_error(sql("DROP TABLE t"), 2000, "fail to drop, table does not exist!")
        ok("DROP TABLE IF EXISTS t")
        self.assert_error(sql("DESC t"), 1202, "demo_db.t")
        for text, part in {
            "CREATE TABLE t(a int, a int)": "repeated",
            "CREATE TABLE t(a int, INDEX(KEY=b))": "index column b",
            "CREATE TABLE t(a int, INDEX(KEY=a, TS=a))": "TS column a",
            "CREATE TABLE t(a int) OPTIONS(PARTITIONNUM=0)": "partitionnum",
        }.items():
            with self.subTest(text):
                self.assert_error(sql(text), 2000, part)
        self.assert_error(sql("CREATE TABLE nodb.t(a int)"), 2001, "ReturnCode[802]")

    def test_insert(self):
        sql, ok = self.sandbox.sql, self.sandbox.ok
        ok("CREATE TABLE ins(a int NOT NULL, b bigint, s string, d date, x double, ok bool)")
        ok("INSERT INTO ins VALUES (1, -2, 'it\\'s', '2021-3-4', 1, true), (2, NULL, \"q\", NULL, -1.5e2, FALSE)")
        ok("INSERT INTO ins (s, a) VALUES ('x', ?)", input={"schema": ["int"], "data": [3]})
        self.assertEqual(ok("SELECT * FROM ins"), [
            [1, -2, "it's", "2021-3-4", 1.0, True], [2, None, "q", None, -150.0, False], [3, None, "x", None, None, None],
        ])
        for text, part in {
            "INSERT INTO ins VALUES (1)": "6 columns but 1 values",
            "INSERT INTO ins (a, nope) VALUES (1, 2)": "column nope",
            "INSERT INTO ins (b) VALUES (2)": "NOT NULL",
            "INSERT INTO ins (a) VALUES (2147483648)": "2147483648",
            "INSERT INTO ins (a) VALUES ('1')": "column a",
            "INSERT INTO ins (a, d) VALUES (1, '2021-02-30')": "column d",
            "INSERT INTO ins (a) VALUES (?)": "parameters",
        }.items():
            with self.subTest(text):
                self.assert_error(sql(text), 2000, part)
        self.assert_error(sql("INSERT INTO nope VALUES (1)"), 1202, "nope")

    def test_variables(self):
        sql, ok = self.sandbox.sql, self.sandbox.ok
        ok("SET @@job_timeout=200000;")
        ok("SET @@session.execute_mode='Offline'")
        ok("SET @@global.sync_job = true")
        ok("SET @@no_such_variable = 'x'")
        self.assertIn(["job_timeout", "200000"], ok("SHOW VARIABLES"))
        self.assertIn(["execute_mode", "offline"], ok("SHOW VARIABLES"))
        self.assertIn(["sync_job", "true"], ok("SHOW GLOBAL VARIABLES"))
        self.assertIn(["sync_job", "false"], ok("SHOW VARIABLES"))
        self.assertEqual(sql("SET @@execute_mode='nope'"), {"code": 2000, "msg": (
            "INVALID_ARGUMENT: invalid value for system variable 'execute_mode', "
            "expect one of [online, offline, request], but got nope"
        )})


if __name__ == "__main__":
    unittest.main()
