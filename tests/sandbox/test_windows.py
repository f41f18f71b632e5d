"""Window frames against the slow reference, in batch and in request mode."""

import random
import unittest

import reference
from reference import AGGREGATES, Row
from support import SandboxTest

S, H = 1000, 3_600_000

FRAMES = {
    "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW": dict(kind="ROWS", start=(2, False), end=(0, False)),
    "ROWS BETWEEN 2 OPEN PRECEDING AND CURRENT ROW": dict(kind="ROWS", start=(2, True), end=(0, False)),
    "ROWS BETWEEN 4 PRECEDING AND 2 PRECEDING": dict(kind="ROWS", start=(4, False), end=(2, False)),
    "ROWS BETWEEN 4 PRECEDING AND 0 OPEN PRECEDING": dict(kind="ROWS", start=(4, False), end=(0, True)),
    "ROWS BETWEEN 0 OPEN PRECEDING AND CURRENT ROW": dict(kind="ROWS", start=(0, True), end=(0, False)),
    "ROWS BETWEEN CURRENT ROW AND CURRENT ROW": dict(kind="ROWS", start=(0, False), end=(0, False)),
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW": dict(kind="ROWS", start=(None, False), end=(0, False)),
    "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING": dict(kind="ROWS", start=(None, False), end=(1, False)),
    "ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW":
        dict(kind="ROWS", start=(3, False), end=(0, False), exclude_row=True),
    "ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_TIME":
        dict(kind="ROWS", start=(3, False), end=(0, False), exclude_time=True),
    "ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING EXCLUDE CURRENT_TIME":
        dict(kind="ROWS", start=(3, False), end=(1, False), exclude_time=True),
    "ROWS_RANGE BETWEEN 1h PRECEDING AND CURRENT ROW": dict(kind="ROWS_RANGE", start=(H, False), end=(0, False)),
    "ROWS_RANGE BETWEEN 3600s OPEN PRECEDING AND CURRENT ROW": dict(kind="ROWS_RANGE", start=(H, True), end=(0, False)),
    "ROWS_RANGE BETWEEN 60m PRECEDING AND 0s OPEN PRECEDING": dict(kind="ROWS_RANGE", start=(H, False), end=(0, True)),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND 1800s PRECEDING": dict(kind="ROWS_RANGE", start=(2 * H, False), end=(H // 2, False)),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND 1800s OPEN PRECEDING": dict(kind="ROWS_RANGE", start=(2 * H, False), end=(H // 2, True)),
    "ROWS_RANGE BETWEEN 1d PRECEDING AND 0s PRECEDING": dict(kind="ROWS_RANGE", start=(24 * H, False), end=(0, False)),
    "ROWS_RANGE BETWEEN 0s OPEN PRECEDING AND CURRENT ROW": dict(kind="ROWS_RANGE", start=(0, True), end=(0, False)),
    "ROWS_RANGE BETWEEN CURRENT ROW AND CURRENT ROW": dict(kind="ROWS_RANGE", start=(0, False), end=(0, False)),
    "ROWS_RANGE BETWEEN 1800000 PRECEDING AND CURRENT ROW": dict(kind="ROWS_RANGE", start=(H // 2, False), end=(0, False)),
    "ROWS_RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW": dict(kind="ROWS_RANGE", start=(None, False), end=(0, False)),
    "ROWS_RANGE BETWEEN UNBOUNDED PRECEDING AND 30m PRECEDING": dict(kind="ROWS_RANGE", start=(None, False), end=(H // 2, False)),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW MAXSIZE 3":
        dict(kind="ROWS_RANGE", start=(2 * H, False), end=(0, False), maxsize=3),
    "ROWS_RANGE BETWEEN UNBOUNDED PRECEDING AND 30m PRECEDING MAXSIZE 3":
        dict(kind="ROWS_RANGE", start=(None, False), end=(H // 2, False), maxsize=3),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW MAXSIZE 3 EXCLUDE CURRENT_ROW":
        dict(kind="ROWS_RANGE", start=(2 * H, False), end=(0, False), maxsize=3, exclude_row=True),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW":
        dict(kind="ROWS_RANGE", start=(2 * H, False), end=(0, False), exclude_row=True),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW EXCLUDE CURRENT_TIME":
        dict(kind="ROWS_RANGE", start=(2 * H, False), end=(0, False), exclude_time=True),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW MAXSIZE 3 EXCLUDE CURRENT_TIME":
        dict(kind="ROWS_RANGE", start=(2 * H, False), end=(0, False), exclude_time=True, maxsize=3),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW EXCLUDE CURRENT_TIME EXCLUDE CURRENT_ROW":
        dict(kind="ROWS_RANGE", start=(2 * H, False), end=(0, False), exclude_time=True, exclude_row=True),
    "ROWS_RANGE BETWEEN 2h PRECEDING AND 0s OPEN PRECEDING EXCLUDE CURRENT_TIME":
        dict(kind="ROWS_RANGE", start=(2 * H, False), end=(0, True), exclude_time=True),
    "ROWS_RANGE BETWEEN 0s OPEN PRECEDING AND CURRENT ROW EXCLUDE CURRENT_TIME":
        dict(kind="ROWS_RANGE", start=(0, True), end=(0, False), exclude_time=True),
}


def random_rows() -> list[Row]:
    """Many equal times, exact hour distances, NULL keys, values and times."""
    chance = random.Random(20171106)
    rows = []
    for arrival in range(240):
        ts = 1_509_960_000_000 + chance.randrange(16) * H // 2 + chance.choice([0, 0, 0, 1, -1])
        rows.append(Row(
            arrival,
            chance.choice([1, 2, 3, None]),
            None if chance.random() < 0.03 else ts,
            None if chance.random() < 0.2 else chance.randrange(-4, 9),
        ))
    return rows


def query(frame: str, table: str = "data") -> str:
    calls = ", ".join(f"{call} over w" for call in AGGREGATES)
    return f"SELECT id, {calls} FROM {table} WINDOW w AS (PARTITION BY k ORDER BY ts {frame})"


class WindowTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.rows = random_rows()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok("CREATE TABLE data(id int, k int, ts timestamp, v int)")
        values = ", ".join(
            f"({r.arrival}, {_sql(r.key)}, {r.ts or 'NULL'}, {_sql(r.value)})" for r in cls.rows
        )
        cls.sandbox.ok(f"INSERT INTO data VALUES {values}")

    def test_batch(self):
        for text, frame in FRAMES.items():
            with self.subTest(text):
                got = {row[0]: row[1:] for row in self.sandbox.ok(query(text))}
                want = {r.arrival: reference.aggregates(self.rows, r, frame) for r in self.rows}
                self.assertEqual(got, want)

    def test_zero_preceding_lost_rows_of_the_same_time_now_and_then(self):
        text = "ROWS_RANGE BETWEEN 1d PRECEDING AND 0s PRECEDING"
        want = {r.arrival: reference.aggregates(self.rows, r, FRAMES[text]) for r in self.rows}
        for _ in range(20):
            self.assertEqual({row[0]: row[1:] for row in self.sandbox.ok(query(text))}, want)

    def test_request(self):
        """A request row is the newest arrival: it sees all rows of its own time and none of later ones."""
        chance = random.Random(7)
        for number, (text, frame) in enumerate(FRAMES.items()):
            self.sandbox.ok(f"DEPLOY d{number} {query(text)}")
            requests = [
                Row(1000, chance.choice([1, 2, 3, None, 99]), chance.choice(self.rows).ts, chance.choice([None, 1, 7]))
                for _ in range(4)
            ]
            with self.subTest(text):
                answer = self.sandbox.call("POST", f"/dbs/demo_db/deployments/d{number}", {
                    "input": [[r.arrival, r.key, r.ts, r.value] for r in requests],
                })
                self.assertEqual(answer["code"], 0, answer)
                want = [
                    [1000, *reference.aggregates([*self.rows, request], request, frame)] for request in requests
                ]
                self.assertEqual(answer["data"]["data"], want)
        self.assertEqual(self.sandbox.ok("SELECT count(*) FROM data"), [[len(self.rows)]], "requests are not stored")

    def test_two_windows_that_differ_in_open_alone_are_refused(self):
        answer = self.sandbox.sql(
            "SELECT id, count(*) over a, count(*) over b FROM data WINDOW "
            "a AS (PARTITION BY k ORDER BY ts ROWS_RANGE BETWEEN 1h PRECEDING AND CURRENT ROW), "
            "b AS (PARTITION BY k ORDER BY ts ROWS_RANGE BETWEEN 1h OPEN PRECEDING AND CURRENT ROW)"
        )
        self.assert_error(answer, 1000, "OPEN")

    def test_window_in_place(self):
        frame = "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW"
        inline = query(frame).replace(" over w", f" over (PARTITION BY k ORDER BY ts {frame})").split(" WINDOW ")[0]
        self.assertEqual(self.sandbox.ok(inline), self.sandbox.ok(query(frame)))

    def test_expressions_around_and_inside(self):
        frame = FRAMES["ROWS BETWEEN 2 PRECEDING AND CURRENT ROW"]
        rows = self.sandbox.ok(
            "SELECT id, count(v) over w * 10 + 1, sum(v * 2) over w, max(v) over w - min(v) over w FROM data "
            "WINDOW w AS (PARTITION BY k ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"
        )
        for row in rows:
            count, _, total, low, high, *_ = reference.aggregates(self.rows, self.rows[row[0]], frame)
            doubled = None if total is None else total * 2
            self.assertEqual(row[1:], [count * 10 + 1, doubled, None if low is None else high - low])

    def test_where_comes_before_windows(self):
        kept = [r for r in self.rows if r.value is not None and r.value > 0]
        frame = FRAMES["ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW MAXSIZE 3"]
        text = query("ROWS_RANGE BETWEEN 2h PRECEDING AND CURRENT ROW MAXSIZE 3").replace("WINDOW", "WHERE v > 0 WINDOW")
        want = {r.arrival: reference.aggregates(kept, r, frame) for r in kept}
        self.assertEqual({row[0]: row[1:] for row in self.sandbox.ok(text)}, want)


class TypedAggregateTest(SandboxTest):
    """Aggregates of types other than int, and the overflow of integer sums."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok(
            "CREATE TABLE t(id int, ts bigint, i16 smallint, i32 int, i64 bigint, f float, d double, s string, "
            "dt date, tm timestamp)"
        )
        cls.sandbox.ok(
            "INSERT INTO t VALUES "
            "(1, 1, 30000, 2147483647, 9223372036854775807, 1.5, 0.25, 'b', '2021-12-01', 1509960088000), "
            "(1, 2, 30000, 1, 1, 2.5, 0.5, 'a', '2021-01-31', 1509960089000), "
            "(1, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )

    def last(self, calls: str, extra: str = "") -> tuple[list[str], list]:
        answer = self.sandbox.sql(
            f"SELECT {calls} FROM t WINDOW w AS (PARTITION BY id ORDER BY ts "
            f"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW{extra})"
        )
        self.assertEqual(answer["code"], 0, answer)
        return answer["data"]["schema"], answer["data"]["data"][-1]

    def test_sums_keep_their_type_and_overflow(self):
        for extra in ("", " EXCLUDE CURRENT_TIME"):
            with self.subTest(extra):
                schema, row = self.last(", ".join(f"sum({c}) over w" for c in ("i16", "i32", "i64", "f", "d")), extra)
                self.assertEqual(schema, ["Int16", "Int32", "Int64", "Float", "Double"])
                self.assertEqual(row, [60000 - 65536, -2147483648, -9223372036854775808, 4.0, 0.75])

    def test_types_of_the_others(self):
        for extra in ("", " EXCLUDE CURRENT_TIME"):
            with self.subTest(extra):
                schema, row = self.last(
                    "count(s) over w, distinct_count(s) over w, avg(i16) over w, min(s) over w, max(dt) over w, "
                    "min(tm) over w, top(s, 5) over w, top(d, 1) over w, top(dt, 1) over w, first_value(s) over w, "
                    "lag(tm, 1) over w", extra,
                )
                self.assertEqual(schema, [
                    "Int64", "Int64", "Double", "String", "Date", "Timestamp", "String", "String", "String", "String",
                    "Timestamp",
                ])
                self.assertEqual(row, [
                    2, 3, 30000.0, "a", "2021-12-1", 1509960088000, "b,a", "0.500000", "2021-12-01", "b", 1509960089000,
                ])


def _sql(value) -> str:
    return "NULL" if value is None else str(value)


if __name__ == "__main__":
    unittest.main()
