"""Every query of the oracle must give the real engine's rows, online, offline and deployed."""

import csv
import datetime as dt
import unittest
from collections import Counter

from support import ORACLE, TALKINGDATA, SandboxTest

USERS = "CREATE TABLE users(ip int, name string, score double, upd timestamp)"
SHANGHAI = dt.timezone(dt.timedelta(hours=8))
ORDER_BY = {"b09": 0}


def expected(name: str) -> tuple[list[str], list[tuple[str, ...]]]:
    with (ORACLE / "expected" / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    return header, [tuple(row) for row in rows]


def shown(value, type_: str) -> str:
    """A REST value in the form of the oracle's files."""
    if value is None:
        return "null"
    if type_ == "Timestamp":
        moment = dt.datetime.fromtimestamp(value // 1000, SHANGHAI)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{value % 1000:03}"
    return str(value)


def from_spark(cell: str) -> str:
    """A cell of an offline output in the form of the oracle's files."""
    return cell.replace("T", " ").removesuffix("+08:00") if cell.endswith("+08:00") else cell


class OracleTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok(TALKINGDATA)
        cls.sandbox.ok(USERS)
        for table, file in (("talkingdata", "synth.csv"), ("users", "users.csv")):
            load = f"LOAD DATA INFILE 'file://{ORACLE / file}' INTO TABLE {table} OPTIONS(mode='append')"
            for mode in ("offsync", "onsync"):
                assert cls.sandbox.job(load, mode) == "FINISHED", (table, mode)

    def queries(self):
        paths = sorted((ORACLE / "sql").glob("*.sql"))
        self.assertEqual(len(paths), 8)
        for path in paths:
            with self.subTest(path.stem):
                yield path.stem, path.read_text(encoding="utf-8")

    def test_online(self):
        for name, text in self.queries():
            answer = self.sandbox.sql(text)
            self.assertEqual(answer["code"], 0, answer)
            schema, data = answer["data"]["schema"], answer["data"]["data"]
            rows = [tuple(shown(value, type_) for value, type_ in zip(row, schema)) for row in data]
            self.assertEqual(Counter(rows), Counter(expected(name)[1]))

    def test_offline(self):
        for name, text in self.queries():
            target = self.folder / name
            job = f"{text.strip().rstrip(';')} INTO OUTFILE '{target}'"
            self.assertEqual(self.sandbox.job(job), "FINISHED")
            rows = []
            for part in sorted(target.glob("part-*.csv")):
                with part.open(newline="", encoding="utf-8") as lines:
                    header, *body = csv.reader(lines)
                self.assertEqual(header, expected(name)[0])
                rows += [tuple(from_spark(cell) for cell in row) for row in body]
            self.assertEqual(Counter(rows), Counter(expected(name)[1]))
            if name in ORDER_BY:
                keys = [int(row[ORDER_BY[name]]) for row in rows]
                self.assertEqual(keys, sorted(keys))

    def test_deployed(self):
        """Called with the table's rows in order of time, a deployment gives the batch's answers."""
        text = (ORACLE / "sql" / "01_demo.sql").read_text(encoding="utf-8").replace("demo_db.talkingdata", "replayed")
        self.sandbox.ok(TALKINGDATA.replace("talkingdata", "replayed"))
        self.sandbox.ok(f"DEPLOY replay {text}")
        rows = self.sandbox.ok("SELECT * FROM talkingdata ORDER BY click_time LIMIT 80")
        answers = []
        for row in rows:
            called = self.sandbox.call("POST", "/dbs/demo_db/deployments/replay", {"input": [row]})
            answers += called["data"]["data"]
            self.sandbox.call("PUT", "/dbs/demo_db/tables/replayed", {"value": [row]})
        self.assertEqual(Counter(map(tuple, answers)), Counter(map(tuple, self.sandbox.ok(text))))


if __name__ == "__main__":
    unittest.main()
