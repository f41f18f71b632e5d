"""Deployments: when they are accepted, and what calling one gives."""

import time
import unittest

from support import ORACLE, TALKINGDATA, SandboxTest

DEMO_ROW = [114904, 11, 1, 15, 319, 1509960088000, 0]
DEMO_FEATURES = [0, 114904, 11, 1, 15, 319, 17, 6, 1, 1, 1]
WINDOW = "(PARTITION BY k ORDER BY ts ROWS_RANGE BETWEEN 1h PRECEDING AND CURRENT ROW)"


class DemoTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.select = (ORACLE / "sql" / "01_demo.sql").read_text(encoding="utf-8").strip()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok(TALKINGDATA)
        cls.sandbox.ok(f"DEPLOY demo {cls.select};")

    def call(self, body) -> dict:
        return self.sandbox.call("POST", "/dbs/demo_db/deployments/demo", body)

    def test_documented_example(self):
        self.assertEqual(self.call({"input": [DEMO_ROW]}), {"code": 0, "msg": "ok", "data": {"data": [DEMO_FEATURES]}})

    def test_objects_in_objects_out(self):
        names = ["ip", "app", "device", "os", "channel", "click_time", "is_attributed"]
        row = {**dict(zip(names, DEMO_ROW)), "ignored": [1]}
        answer = self.call({"input": [row, row]})
        self.assertEqual(answer["data"]["data"][0]["hour"], 17)
        self.assertEqual(list(answer["data"]["data"][1].values()), DEMO_FEATURES)

    def test_schema_on_request(self):
        schema = self.call({"input": [DEMO_ROW], "need_schema": True})["data"]["schema"]
        self.assertEqual(schema[0], {"name": "is_attributed", "type": "int32"})
        self.assertEqual(schema[-1], {"name": "ip_app_os_count", "type": "int64"})

    def test_get(self):
        data = self.sandbox.call("GET", "/dbs/demo_db/deployments/demo")["data"]
        self.assertEqual(data["name"], "demo")
        self.assertIn(self.select, data["procedure"])
        self.assertEqual(data["input_schema"][5], {"name": "click_time", "type": "timestamp"})
        self.assertEqual([column["name"] for column in data["output_schema"]][6:8], ["hour", "day"])
        self.assertEqual((data["dbs"], data["tables"]), (["demo_db"], ["talkingdata"]))
        self.assertEqual((data["input_common_cols"], data["output_common_cols"]), ([], []))

    def test_bad_calls(self):
        for body, message in [
            ({}, "Field input is invalid"),
            ({"input": []}, "Field input is invalid"),
            ({"input": {}}, "Field input is invalid"),
            ([1], "Field input is invalid"),
            ({"input": [[1, 2]]}, "Invalid input data size in row 0"),
            ({"input": [DEMO_ROW, "x"]}, "Must be array or map, row 1"),
            ({"input": [DEMO_ROW, {}]}, "Must be array or map, row 1"),
            ({"input": [{"ip": 1}]}, "Translate to request row failed in map row 0, INVALID_ARGUMENT: "),
            ({"input": [DEMO_ROW, ["1", *DEMO_ROW[1:]]]}, "Translate to request row failed in array row 1, INVALID_ARGUMENT: "),
            ({"input": [[1.0, *DEMO_ROW[1:]]]}, "Translate to request row failed in array row 0"),
            ({"input": [[True, *DEMO_ROW[1:]]]}, "Translate to request row failed in array row 0"),
            ({"input": [[1 << 31, *DEMO_ROW[1:]]]}, "Translate to request row failed in array row 0"),
            ({"input": [[*DEMO_ROW[:5], "2017-11-06 17:21:28", 0]]}, "Translate to request row failed in array row 0"),
        ]:
            with self.subTest(body):
                answer = self.call(body)
                self.assertEqual(answer["code"], -1)
                self.assertTrue(answer["msg"].startswith(message), answer)
        status, answer = self.sandbox.raw("POST", "/dbs/demo_db/deployments/demo", b"{")
        self.assertEqual((status, answer), (200, b'{"code":-1,"msg":"Request body json parse failed"}'))
        for path in ("/dbs/demo_db/deployments/nope", "/dbs/nodb/deployments/demo"):
            _, _, db, _, name = path.split("/")
            self.assert_error(self.sandbox.call("POST", path, {"input": [[]]}), -1, f"{name} does not exist in {db}")
            self.assert_error(self.sandbox.call("GET", path), -1, "deployment not found")

    def test_null_cells(self):
        self.assertEqual(self.call({"input": [[None] * 7]})["data"]["data"], [[None] * 8 + [0, 0, 0]])

    def test_speed(self):
        """Loose, so that a busy machine passes: a call takes milliseconds, not tenths of a second."""
        path = self.file("many.csv", "h\n" + "".join(f"{i % 700},3,1,13,{i},{1509960000000 + i},0\n" for i in range(10_000)))
        self.sandbox.ok(TALKINGDATA.replace("talkingdata", "many"))
        self.assertEqual(self.sandbox.job(f"LOAD DATA INFILE '{path}' INTO TABLE many OPTIONS(mode='append')", "onsync"), "FINISHED")
        self.sandbox.ok("DEPLOY many " + self.select.replace("demo_db.talkingdata", "many"))
        times = []
        for i in range(30):
            started = time.monotonic()
            self.sandbox.call("POST", "/dbs/demo_db/deployments/many", {"input": [[i, *DEMO_ROW[1:]]]})
            times.append(time.monotonic() - started)
        self.assertLess(sorted(times)[15], 0.1)


class RulesTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok("CREATE TABLE a(id int, k int, ts timestamp, v double, n string NOT NULL)")
        cls.sandbox.ok("CREATE TABLE b(k int, ts timestamp, name string)")
        cls.sandbox.ok("INSERT INTO b VALUES (1, 90, 'x'), (1, 150, 'y'), (2, 900, 'late')")

    def deploy(self, name: str, select: str, options: str = "", mode: str = "online") -> dict:
        return self.sandbox.sql(f"DEPLOY {name} {options} {select}", mode)

    def call(self, name: str, row: list) -> list:
        answer = self.sandbox.call("POST", f"/dbs/demo_db/deployments/{name}", {"input": [row]})
        self.assertEqual(answer["code"], 0, answer)
        return answer["data"]["data"][0]

    def test_life_of_a_deployment(self):
        select = f"SELECT id, count(v) OVER {WINDOW} AS c FROM a"
        self.assert_error(self.deploy("d", select, mode="offsync"), 2000, "Can not deploy in offline mode, please set @@SESSION.execute_mode='online'")
        self.assertEqual(self.deploy("d", select), {"code": 0, "msg": "ok"})
        exists = "ns create procedure failed--ReturnCode[-1]--store procedure already exists"
        self.assertEqual(self.deploy("d", select), {"code": 2001, "msg": exists})
        self.assertEqual(self.sandbox.sql(f"DEPLOY IF NOT EXISTS d {select}"), {"code": 2001, "msg": exists})
        self.assertIn(["demo_db", "d"], self.sandbox.ok("SHOW DEPLOYMENTS"))
        self.assertIn(select, self.sandbox.ok("SHOW DEPLOYMENT demo_db.d")[0][0])
        self.assert_error(self.sandbox.sql("DROP TABLE a"), 2001, "table has deployments: d")
        self.assertEqual(self.sandbox.sql("DROP DEPLOYMENT demo_db.d"), {"code": 0, "msg": "ok"})
        self.assert_error(self.sandbox.sql("DROP DEPLOYMENT d"), 2000, "deployment not found")
        self.assert_error(self.sandbox.sql("SHOW DEPLOYMENT d"), 2000, "not found")
        self.assertEqual(self.deploy("d", select), {"code": 0, "msg": "ok"})
        self.assertEqual(self.call("d", [5, 1, 100, 0.5, "n"]), [5, 1])

    def test_options_are_accepted(self):
        options = "OPTIONS(RANGE_BIAS=\"inf\", ROWS_BIAS='1d', LONG_WINDOWS='w:1d', SKIP_INDEX_CHECK='true', SYNC='true')"
        self.assertEqual(self.deploy("o", "SELECT id FROM a", options), {"code": 0, "msg": "ok"})
        self.assertEqual(self.call("o", [5, 1, 100, 0.5, "n"]), [5])

    def test_indexes_are_added(self):
        self.deploy("ix", f"SELECT count(v) OVER {WINDOW} AS c FROM a")
        keys = self.sandbox.call("GET", "/dbs/demo_db/tables/a")["table"]["column_key"]
        self.assertIn((["k"], "ts"), [(key["col_name"], key.get("ts_name")) for key in keys])

    def test_existing_name_and_a_new_index_on_a_filled_table(self):
        self.sandbox.ok("CREATE TABLE filled(k int, ts timestamp)")
        self.sandbox.ok("INSERT INTO filled VALUES (1, 1)")
        self.deploy("f", "SELECT k FROM filled")
        self.assert_error(self.deploy("f", f"SELECT count(k) OVER {WINDOW} FROM filled"), 2001, "deployment already exists")

    def test_last_join(self):
        self.deploy("j", (
            "SELECT a.id, b.name, count(a.v) OVER (PARTITION BY a.k ORDER BY a.ts ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) "
            "FROM a LAST JOIN b ORDER BY b.ts ON a.k = b.k AND b.ts <= a.ts"
        ))
        self.assertEqual(self.call("j", [1, 1, 100, 0.5, "n"]), [1, "x", 1])
        self.assertEqual(self.call("j", [1, 1, 200, 0.5, "n"]), [1, "y", 1])
        self.assertEqual(self.call("j", [1, 2, 200, 0.5, "n"]), [1, None, 1])

    def test_windows_of_different_keys(self):
        self.sandbox.ok("CREATE TABLE two(a int, b int, ts timestamp)")
        self.sandbox.ok("INSERT INTO two VALUES (1,1,1), (1,2,2), (2,1,3), (2,2,4)")
        over = "OVER (PARTITION BY {} ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
        self.deploy("two", "SELECT " + ", ".join(f"count(*) {over.format(k)}" for k in ("a", "b", "a, b")) + " FROM two")
        self.assertEqual(self.call("two", [1, 2, 9]), [3, 3, 2])
        self.assertEqual(self.call("two", [1, 2, 1]), [2, 1, 1])

    def test_not_null(self):
        self.deploy("nn", "SELECT id FROM a")
        answer = self.sandbox.call("POST", "/dbs/demo_db/deployments/nn", {"input": [[1, 1, 1, 1, None]]})
        self.assert_error(answer, -1, "column n is NOT NULL")
        self.assertEqual(self.call("nn", [None, None, None, None, ""]), [None])

    def test_refused(self):
        for select, code, part in [
            ("SELECT k, count(*) FROM a GROUP BY k", 1000, "Aggregate over a table cannot be supported in online serving"),
            ("SELECT count(*) FROM a", 1000, "Aggregate over a table cannot be supported in online serving"),
            ("SELECT id FROM a WHERE id > 1", 1000, "WHERE"),
            ("SELECT id FROM a ORDER BY id", 1000, "ORDER BY"),
            ("SELECT id FROM a LIMIT 1", 1000, "LIMIT"),
            ("SELECT DISTINCT id FROM a", 1000, "DISTINCT"),
            ("SELECT count(id) OVER (UNION a PARTITION BY k ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM a",
             1000, "UNION"),
            ("SELECT id FROM (SELECT id FROM a) x", 1000, "subquery"),
            ("SELECT a.id FROM a LEFT JOIN b ON a.k = b.k", 1000, "LEFT JOIN"),
            ("SELECT a.id FROM a LAST JOIN b ORDER BY b.ts ON a.k < b.k", 1000, "equality"),
            ("SELECT 1", 1000, "without a table"),
            (f"SELECT count(v) OVER {WINDOW.replace('BY k', 'BY k + 1')} FROM a", 1000, "PARTITION BY expression"),
            (f"SELECT count(v) OVER {WINDOW.replace('BY ts', 'BY id')} FROM a", 2000, "index TS column id"),
            ("SELECT nope FROM a", 1004, "nope"),
            ("SELECT id FROM nope", 1202, "nope"),
        ]:
            with self.subTest(select):
                self.assert_error(self.deploy("refused", select), code, part)
        self.assert_error(self.sandbox.sql("DEPLOY refused INSERT INTO a VALUES (1)"), 1001, "Expected SELECT")
        self.assert_error(self.sandbox.sql("DEPLOY x SELECT 1", db="nodb"), 2000, "nodb")
        self.assertNotIn(["demo_db", "refused"], self.sandbox.ok("SHOW DEPLOYMENTS"))


if __name__ == "__main__":
    unittest.main()
