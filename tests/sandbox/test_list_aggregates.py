"""Aggregates over whole lists of values, with the examples of the engine's own reference; `tests/oracle` has the engine's answers."""

import unittest

from support import SandboxTest

ALL = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


class ListAggregateTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        ok = cls.sandbox.ok
        ok("CREATE DATABASE demo_db")
        ok("CREATE TABLE t(id int, g int, ts timestamp, v int, d double, c bool, k string)")
        ok("INSERT INTO t VALUES (1,1,1,0,1,true,'x'), (2,1,2,1,8,true,'y'), (3,1,3,2,5,false,'x'), (4,1,4,3,2,true,'y'), "
           "(5,1,5,4,10,false,'x'), (6,1,6,5,4,true,'z'), (7,1,7,6,NULL,true,'z'), (8,1,8,NULL,NULL,NULL,NULL)")

    def last(self, calls: list[str], frame: str = ALL) -> list:
        """Of each call, the value in the last row."""
        items = ", ".join(f"{call} OVER w" for call in calls)
        rows = self.sandbox.ok(f"SELECT {items} FROM t WINDOW w AS (PARTITION BY g ORDER BY ts {frame})")
        return rows[-1]

    def check(self, calls: dict, frame: str = ALL) -> None:
        self.assertEqual(dict(zip(calls, self.last(list(calls), frame))), calls)

    def test_by_category(self):
        self.check({
            "count_cate(v, k)": "x:3,y:2,z:2", "sum_cate(v, k)": "x:6,y:4,z:11", "min_cate(d, k)": "x:1.000000,y:2.000000,z:4.000000",
            "avg_cate_where(v, c, k)": "x:0.000000,y:2.000000,z:5.500000", "max_cate(v, v)": "0:0,1:1,2:2,3:3,4:4,5:5,6:6",
            "top_n_key_sum_cate_where(v, c, k, 2)": "z:11,y:4", "top_n_value_sum_cate_where(v, v >= 0, k, 2)": "z:11,x:6",
            "top_n_key_ratio_cate(v, c, k, 2)": "z:1.000000,y:1.000000", "top_n_value_count_cate_where(v, c, k, 0)": "",
        })

    def test_by_frequency(self):
        self.check({"topn_frequency(k, 2)": "x,y", "topn_frequency(k, 5)": "x,y,z,NULL,NULL", "top1_ratio(k)": 3 / 7,
                    "topn_frequency(v, 0)": "", "topn_frequency(ts, 1)": "1970-01-01 08:00:00"})
        self.check({"topn_frequency(k, 2)": "z,NULL", "entropy(k)": 0.0}, "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW")

    def test_statistics(self):
        calls = ["stddev_pop(v)", "stddev(v)", "var_pop(v)", "variance(v)", "median(v)", "median(d)", "entropy(c)"]
        for got, want in zip(self.last(calls), [2.0, 2.160246899, 4.0, 4.6666666667, 3.0, 4.5, 0.8631205686]):
            self.assertAlmostEqual(got, want)

    def test_in_order(self):
        self.check({"drawdown(d)": 0.75, "nth_value_where(v, 2, c)": 1, "nth_value_where(v, -2, c)": 5, "nth_value_where(v, 0, c)": None,
                    "ew_avg(v, 1.0)": 6.0, "ew_avg(v, 0.0)": 3.0})

    def test_ends_of_a_frame(self):
        self.check({"last_value(id)": 8, "last_value(v)": None, "last_value(v, true)": 6, "first_value(v, true)": 0, "first_value(v, false)": 0,
                    "at(v, 1)": 6})
        self.check({"last_value(id)": 7, "first_value(d, true)": 4.0, "at(id, 0)": 8}, "ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING")
        self.check({"last_value(id)": 7, "last_value(d, true)": 4.0}, "ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW")
        self.check({"last_value(id)": 8, "last_value(v, true)": 6}, f"{ALL} EXCLUDE CURRENT_TIME")

    def test_beside_a_hole_and_in_a_deployment(self):
        self.check({"count_cate(v, k)": "x:3,y:2,z:2", "median(v)": 3.0}, f"{ALL} EXCLUDE CURRENT_TIME")
        self.check({"topn_frequency(k, 1)": "z", "median(v)": 5.5}, "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW")
        self.sandbox.ok("DEPLOY d SELECT id, sum_cate(v, k) OVER w AS s, topn_frequency(k, 2) OVER w AS n FROM t "
                        f"WINDOW w AS (PARTITION BY g ORDER BY ts {ALL})")
        called = self.sandbox.call("POST", "/dbs/demo_db/deployments/d", {"input": [[9, 1, 9, 10, 1.5, True, "z"]]})
        self.assertEqual(called["data"]["data"], [[9, "x:6,y:4,z:21", "x,z"]])

    def test_of_groups(self):
        row = self.sandbox.ok("SELECT sum_cate(v, k) AS s, topn_frequency(k, 1) AS n, median(v) AS m FROM t GROUP BY g")[0]
        self.assertEqual(row, ["x:6,y:4,z:11", "x", 3.0])
        for call in ("drawdown(d)", "ew_avg(d, 0.5)", "nth_value_where(v, 1, c)"):
            self.assertIn("needs a window", self.sandbox.sql(f"SELECT g, {call} FROM t GROUP BY g")["msg"])

    def test_a_long_text_ends_at_a_whole_category(self):
        self.sandbox.ok("CREATE TABLE long(g int, ts timestamp, k string)")
        rows = ", ".join(f"(1, {i}, '{i:04}{'k' * 96}')" for i in range(50))
        self.sandbox.ok(f"INSERT INTO long VALUES {rows}")
        text = self.sandbox.ok("SELECT count_cate(ts, k) AS c FROM long GROUP BY g")[0][0]
        self.assertEqual([len(part) for part in text.split(",")], [102] * 39, "4096 bytes, a mark behind each category")

    def test_what_is_refused(self):
        for call, said in {"topn_frequency(k, v)": "constant integer", "topn_frequency(c, 1)": "topn_frequency(bool)", "sum_cate(k, k)": "sum_cate(string)",
                           "sum_cate(v, d)": "by double", "median(k)": "median(string)", "ew_avg(d, v)": "constant alpha",
                           "nth_value_where(v, 1)": "takes 3 argument(s)", "sum_cate_where(v, v, k)": "condition of sum_cate_where()"}.items():
            answer = self.sandbox.sql(f"SELECT {call} OVER w FROM t WINDOW w AS (PARTITION BY g ORDER BY ts {ALL})")
            self.assertEqual(answer["code"], 1004, answer)
            self.assertIn(said, answer["msg"])


if __name__ == "__main__":
    unittest.main()
