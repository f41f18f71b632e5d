"""CONFIG behind statements, and DEFAULT of columns."""

import unittest

from support import SandboxTest

WINDOW = "WINDOW w AS (PARTITION BY k ORDER BY ts ROWS BETWEEN 5 PRECEDING AND CURRENT ROW)"


class ConfigTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        ok = cls.sandbox.ok
        ok("CREATE DATABASE demo_db")
        ok("CREATE TABLE t(id int, k string, ts timestamp, d date)")
        ok("INSERT INTO t VALUES (1, 'a', 1000, '2021-01-03'), (2, 'b', 2000, NULL)")

    def test_a_query_takes_it_in_each_mode(self):
        for config in ("CONFIG (execute_mode='online')", "config(execute_mode='offline')", "CONFIG (EXECUTE_MODE=\"Batch\")",
                       "CONFIG ()", "CONFIG (execute_mode='online', values=(10, 'a', timestamp(4000), NULL))"):
            with self.subTest(config):
                self.assertEqual(self.sandbox.ok(f"SELECT id FROM t {config}"), [[1], [2]])
                self.assertEqual(self.sandbox.sql(f"SELECT id FROM t WHERE id > 1 {config}", "offsync")["code"], 0)
        self.assertEqual(self.sandbox.ok(f"SELECT count(id) OVER w FROM t {WINDOW} CONFIG (execute_mode='online')"), [[1], [1]])
        self.assertEqual(self.sandbox.ok("SELECT id FROM t LIMIT 1 CONFIG (execute_mode='online')"), [[1]])

    def test_a_query_brings_its_request_rows(self):
        query = f"SELECT id, k, d, count(id) OVER w AS n FROM t {WINDOW} CONFIG (execute_mode='request', values="
        self.assertEqual(self.sandbox.ok(query + "(10, \"a\", timestamp(4000), date('2021-02-03')))"), [[10, "a", "2021-2-3", 2]])
        rows = self.sandbox.ok(query + "[(10, 'a', timestamp(4000), NULL), (5 + 6, 'c', timestamp(1), date('2020-02-29'))])")
        self.assertEqual(rows, [[10, "a", None, 2], [11, "c", "2020-2-29", 1]])
        self.assertEqual(self.sandbox.ok("SELECT count(*) FROM t"), [[2]], "nothing is stored")
        self.sandbox.ok("CREATE TABLE one(a int)")
        self.assertEqual(self.sandbox.ok("SELECT a + 1 AS b FROM one CONFIG (execute_mode='request', values=[12, 13])"), [[13], [14]])
        for values, said in {"(1, 'a')": "2 expressions", "('x', 'a', timestamp(1), NULL)": "column id of type int32 cannot take 'x'",
                             "()": "Expected an expression"}.items():
            self.assertIn(said, self.sandbox.sql(query + values + ")")["msg"])
        self.assertIn("without values", self.sandbox.sql("SELECT id FROM t CONFIG (execute_mode='request')")["msg"])

    def test_files_take_it(self):
        target = self.folder / "out"
        export = f"SELECT id FROM t INTO OUTFILE '{target}' OPTIONS(mode='overwrite') CONFIG (execute_mode='offline')"
        self.assertEqual(self.sandbox.job(export), "FINISHED")
        self.sandbox.ok("CREATE TABLE l(a int)")
        path = self.file("l.csv", "a\n7\n")
        load = f"LOAD DATA INFILE '{path}' INTO TABLE l OPTIONS(mode='append') CONFIG (execute_mode='online')"
        self.assertEqual(self.sandbox.job(load, "onsync"), "FINISHED")
        self.assertEqual(self.sandbox.ok("SELECT a FROM l"), [[7]])

    def test_what_is_wrong_is_named(self):
        for config, code, said in (
            ("CONFIG (execute_mode='onlin')", 1000, "execute_mode 'onlin'"),
            ("CONFIG (excute_mode='online')", 1001, "Unknown CONFIG key excute_mode"),
            ("CONFIG (execute_mode=1)", 1001, "Expected string literal for execute_mode"),
            ("CONFIG (execute_mode='online'", 1001, "Expected , but got end of statement"),
            ("CONFIG (execute_mode='online') INTO OUTFILE '/x'", 1001, ""),
            ("CONFIG (execute_mode='online') LIMIT 1", 1001, 'Expected end of statement but got "LIMIT"'),
        ):
            with self.subTest(config):
                self.assert_error(self.sandbox.sql(f"SELECT id FROM t {config}"), code, said)


class DefaultTest(SandboxTest):
    def test_an_insert_without_a_column_takes_its_default(self):
        ok = self.sandbox.ok
        ok("CREATE DATABASE IF NOT EXISTS demo_db")
        ok("CREATE TABLE t(id int, s string DEFAULT 'it\\'s' NOT NULL, i bigint DEFAULT -7, d double DEFAULT 1, b bool DEFAULT true, "
           "dt date DEFAULT '2021-2-3', ts timestamp DEFAULT 1000, f float DEFAULT 0.5 NOT NULL, n int)")
        ok("INSERT INTO t(id) VALUES (1), (2)")
        ok("INSERT INTO t(id, s, i, n) VALUES (3, '', NULL, 4)")
        whole = ["it's", -7, 1.0, True, "2021-2-3", 1000, 0.5, None]
        self.assertEqual(ok("SELECT * FROM t"), [[1, *whole], [2, *whole], [3, "", None, 1.0, True, "2021-2-3", 1000, 0.5, 4]])
        self.assertEqual(self.sandbox.job("INSERT INTO t(id) VALUES (9)"), "FINISHED")
        self.assert_error(self.sandbox.sql("INSERT INTO t(id, s) VALUES (4, NULL)"), 2000, "column s is NOT NULL")
        shown = [line.split() for line in ok("DESC t")[0][0].splitlines()]
        self.assertIn(["2", "s", "String", "NO", "it's"], shown)
        self.assertIn(["5", "b", "Bool", "YES", "1"], shown)
        described = self.sandbox.call("GET", "/dbs/demo_db/tables/t")["table"]["column_desc"]
        self.assertEqual([column.get("default_value") for column in described][:4], [None, "it's", "-7", "1.000000"])

    def test_a_wrong_default_is_refused(self):
        self.sandbox.ok("CREATE DATABASE IF NOT EXISTS demo_db")
        for column in ("a int DEFAULT 'x'", "a int DEFAULT NULL", "a int DEFAULT 1.5", "a date DEFAULT 'soon'", "a smallint DEFAULT 70000"):
            self.assert_error(self.sandbox.sql(f"CREATE TABLE w({column})"), 2000, "default value type mismatch")
        for column in ("a int NOT NULL DEFAULT 1", "a int NULL DEFAULT 1", "a int NULL"):  # the engine knows one order, and no NULL
            self.assert_error(self.sandbox.sql(f"CREATE TABLE w({column})"), 1001, "Expected )")
        self.assert_error(self.sandbox.sql("CREATE TABLE w(a int DEFAULT now())"), 2000, "default value expression not supported")


if __name__ == "__main__":
    unittest.main()
