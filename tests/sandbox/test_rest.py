"""The REST layer: shapes of answers, texts of errors, and input nobody should send."""

import http.client
import json
import socket
import unittest

from support import SandboxTest


class RestTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok("CREATE TABLE t(a int, b string, c date, d double NOT NULL, e timestamp)")

    def test_pages(self):
        self.assertEqual(self.sandbox.raw("GET", "/health"), (200, b"OK"))
        self.assertEqual(self.sandbox.call("POST", "/refresh"), {"code": 0, "msg": "ok"})
        self.assertEqual(self.sandbox.call("GET", "/dbs"), {"code": 0, "msg": "ok", "dbs": ["demo_db"]})

    def test_tables(self):
        table = self.sandbox.call("GET", "/dbs/demo_db/tables/t")["table"]
        for member in ("name", "seg_cnt", "table_partition_size", "tid", "partition_num", "replica_num", "compress_type",
                       "column_desc", "column_key", "added_column_desc", "db", "partition_key", "schema_versions"):
            self.assertIn(member, table)
        self.assertEqual((table["name"], table["db"], table["compress_type"]), ("t", "demo_db", "nocompress"))
        self.assertIn(table, self.sandbox.call("GET", "/dbs/demo_db/tables?x=y")["tables"])
        self.assert_error(self.sandbox.call("GET", "/dbs/nodb/tables"), -1, "DB not found")
        self.assert_error(self.sandbox.call("GET", "/dbs/nodb/tables/t"), -1, "DB not found")
        self.assert_error(self.sandbox.call("GET", "/dbs/demo_db/tables/nope"), -1, "Table not found")

    def test_shape_of_rows(self):
        self.sandbox.ok("CREATE TABLE shape(a int, c date, e timestamp)")
        self.assertEqual(self.sandbox.sql("SELECT * FROM shape"), {
            "code": 0, "msg": "ok", "data": {"schema": ["Int32", "Date", "Timestamp"], "data": []},
        })

    def test_put(self):
        put = lambda body, table="t": self.sandbox.call("PUT", f"/dbs/demo_db/tables/{table}", body)
        self.assertEqual(put({"value": [[1, "x", "2021-02-03", 1, 5]]}), {"code": 0, "msg": "ok"})
        self.assertEqual(put({"value": [[None, None, None, 2.5, None]]}), {"code": 0, "msg": "ok"})
        self.assertEqual(self.sandbox.ok("SELECT * FROM t"), [[1, "x", "2021-2-3", 1.0, 5], [None, None, None, 2.5, None]])
        for body, message in [
            ({}, "Invalid value in body, only support to put one row"),
            ({"value": [[1], [2]]}, "Invalid value in body, only support to put one row"),
            ({"value": [1]}, "Invalid value in body, only support to put one row"),
            ({"value": [[1]]}, "column size != schema size"),
            ({"value": [[1, 2, None, 1, 5]]}, "value is not string for col b"),
            ({"value": [["x", "x", None, 1, 5]]}, 'convertion failed on col a[kInt] with value "x"'),
            ({"value": [[1, "x", "2021", 1, 5]]}, 'convertion failed on col c[kDate] with value "2021"'),
            ({"value": [[1, "x", None, None, 5]]}, "convertion failed on col d[kDouble] with value null"),
            ({"value": [[1, "x", None, 1, 5.5]]}, "convertion failed on col e[kTimestamp] with value 5.5"),
        ]:
            with self.subTest(body):
                self.assertEqual(put(body), {"code": -1, "msg": message})
        self.assert_error(put({"value": [[1]]}, "nope"), 2000, "nope")

    def test_bad_requests(self):
        good = {"mode": "online", "sql": "SELECT 1"}
        for body, message in [
            ([], "Json parse failed, req is not object"),
            ({"sql": "SELECT 1"}, "Json parse failed, mode parse failed"),
            ({**good, "mode": 1}, "Json parse failed, mode parse failed"),
            ({"mode": "online"}, "Json parse failed, sql parse failed"),
            ({**good, "timeout": "x"}, "Json parse failed, timeout parse failed"),
            ({**good, "timeout": 1 << 31}, "Json parse failed, timeout parse failed"),
            ({**good, "input": 1}, "Json parse failed, input parse failed"),
            ({**good, "input": {"schema": ["FOO"], "data": [1]}}, "Json parse failed, invalid type FOO"),
            ({**good, "input": {"schema": ["int"] * 3, "data": [1, 2]}}, "Json parse failed, data size 2 != schema size 3"),
            ({**good, "input": {"schema": ["int", "int"], "data": [1, None]}}, "Json parse failed, append failed on 1 type int32"),
            ({**good, "input": {"schema": ["int"], "data": ["1"]}}, "Json parse failed, append failed on 0 type int32"),
            ({**good, "mode": "xyz"}, "Invalid mode xyz"),
        ]:
            with self.subTest(body):
                self.assertEqual(self.sandbox.call("POST", "/dbs/demo_db", body), {"code": -1, "msg": message})
        self.assertEqual(self.sandbox.sql("SELECT 1", "ONLINE", unknown=[1])["code"], 0)

    def test_routes(self):
        for method, path, message in [
            ("DELETE", "/dbs", "unsupported method"),
            ("PATCH", "/dbs/demo_db", "unsupported method"),
            ("OPTIONS", "/dbs", "unsupported method"),
            ("BREW", "/dbs", "unsupported method"),
            ("GET", "/nope", "no match method"),
            ("POST", "/dbs", "no match method"),
            ("PUT", "/dbs/demo_db", "no match method"),
            ("GET", "/dbs/demo_db/tables/t/x", "no match method"),
            ("GET", "/dbs/demo%20db/tables", "invalid url"),
            ("GET", "/dbs/demo.db/tables", "invalid url"),
            ("GET", "/dbs//tables", "invalid url"),
            ("GET", "/dbs?x=%20", "invalid url"),
            ("POST", "/dbs/demo_db/procedures/p", "p does not exist in demo_db"),
            ("GET", "/dbs/demo_db/procedures/p", "procedure not found"),
        ]:
            with self.subTest((method, path)):
                self.assertEqual(self.sandbox.call(method, path), {"code": -1, "msg": message})
                self.sandbox.disconnect()

    def test_json_forms(self):
        self.sandbox.ok("CREATE TABLE inf(d double)")
        for number in (b"Inf", b"-Inf", b"Infinity", b"-Infinity", b"NaN"):
            _, answer = self.sandbox.raw("PUT", "/dbs/demo_db/tables/inf", b'{"value":[[' + number + b"]]}")
            self.assertEqual(json.loads(answer)["code"], 0, number)
        inf = float("inf")
        self.assertEqual(self.sandbox.ok("SELECT d FROM inf")[:4], [[inf], [-inf], [inf], [-inf]])
        self.assertEqual(self.sandbox.ok("SELECT 'Inf, \"Inf\" \u00e9'"), [["Inf, \"Inf\" \u00e9"]])

    def test_hostile_bodies(self):
        for body in (
            b"", b"\xff\xfe", b"{", b"nul", b"1" * 5000, b"[" * 100_000, b'{"a":' * 65 + b"1" + b"}" * 65,
            b'{"mode":"online","sql":' + b"[" * 63 + b"]" * 63 + b"}",
        ):
            with self.subTest(body[:20]):
                status, answer = self.sandbox.raw("POST", "/dbs/demo_db", body)
                self.assertEqual(status, 200)
                self.assertTrue(json.loads(answer)["msg"].startswith("Json parse failed, "), answer)
        strings = json.dumps({"mode": "online", "sql": "SELECT '" + "[{" * 500 + "'"})
        self.assertEqual(json.loads(self.sandbox.raw("POST", "/dbs/demo_db", strings.encode())[1])["code"], 0)

    def test_hostile_statements(self):
        for text in (
            "SELECT " + "(" * 5000 + "1" + ")" * 5000,
            "SELECT " + "1 + " * 20_000 + "1",
            "SELECT " + "NOT " * 5000 + "TRUE",
            "SELECT * FROM " + "(SELECT * FROM " * 500 + "t" + ") x" * 500,
            "SELECT 'a\x00b'", "SELECT \x00", "\u202e", "SELECT /* open", "`", "SELECT 1 /", ";;", "SELECT ?", "SELECT :a", "SELECT @a",
            "SELECT " + "9" * 5000, "SELECT 1e999999", "SELECT t.t.t.t.t FROM t", "SELECT a FROM t t t", "CREATE", "SHOW", "SET", "DEPLOY",
            "INSERT INTO t VALUES " + "(" * 3000, "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM 'x.csv'", "COPY t TO '/x'",
            "SELECT a FROM t; \x00", "PRAGMA database_list", "ATTACH 'x'", "LOAD httpfs", "SELECT CASE END", "SELECT [1][1]", "SELECT {'a': 1}",
            "SELECT INTERVAL 1 DAY", "SELECT a -> b FROM t", "SELECT x'41'", "SELECT a::int FROM t", "SELECT TRY_CAST(1 AS int)",
        ):
            with self.subTest(text[:40]):
                answer = self.sandbox.sql(text)
                self.assertNotIn("internal error", answer["msg"])
                self.assertIsInstance(answer["code"], int)
        self.assertEqual(self.sandbox.ok("SELECT 1"), [[1]])

    def test_http_limits(self):
        for headers, part in [
            ({"Content-Length": str((16 << 20) + 1)}, "larger than"),
            ({"Content-Length": "9" * 30}, "larger than"),
            ({"Content-Length": "-1"}, "invalid Content-Length"),
            ({"Transfer-Encoding": "chunked"}, "needs a Content-Length"),
            ({"Content-Length": "0", "Origin": "http://example.com"}, "cross-origin"),
        ]:
            with self.subTest(headers):
                head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                status, answer = self.exchange(f"POST /dbs/demo_db HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
                self.assertEqual(status, 200)
                self.assertEqual(answer["code"], -1)
                self.assertIn(part, answer["msg"])
        for line in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"):
            with self.subTest(line[:20]):
                _, answer = self.exchange(line)
                self.assertEqual(answer["code"], -1)

    def exchange(self, request: bytes) -> tuple[int, dict]:
        """One raw request on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.sandbox.port), timeout=30) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, json.loads(response.read())


if __name__ == "__main__":
    unittest.main()
