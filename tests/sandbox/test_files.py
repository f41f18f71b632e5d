"""LOAD DATA and SELECT INTO OUTFILE: what is read, what is written, and what is refused."""

import unittest
from unittest import mock

from support import SandboxTest

FAILS = "requirement failed: "


class LoadTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")

    def table(self, name: str, columns: str) -> None:
        self.sandbox.ok(f"DROP TABLE IF EXISTS {name}")
        self.sandbox.ok(f"CREATE TABLE {name}({columns})")

    def load(self, table: str, path, options: str = "mode='append'", mode: str = "onsync") -> str:
        row = self.sandbox.ok(f"LOAD DATA INFILE '{path}' INTO TABLE {table} OPTIONS({options})", mode)[0]
        self.log = self.sandbox.log(row[0])
        return row[2]

    def offline(self, table: str) -> list[list[str]]:
        """The offline rows of a table, by way of an export."""
        target = self.folder / "export"
        self.sandbox.ok("SELECT 1")
        state = self.sandbox.job(f"SELECT * FROM {table} INTO OUTFILE '{target}' OPTIONS(mode='overwrite', header=false)")
        self.assertEqual(state, "FINISHED")
        if not target.exists():
            return []
        rows = [line.split(",") for part in sorted(target.glob("part-*")) for line in part.read_text().splitlines()]
        for child in target.iterdir():
            child.unlink()
        target.rmdir()
        return rows

    def test_cells(self):
        self.table("cells", "i int, s smallint, b bigint, f float, d double, t string, o bool, dt date, ts timestamp")
        path = self.file("cells.csv", (
            "these,names,are,not,looked,at,at,all\n"
            "1,2,3,1.5,2.5,text,true,2021-12-01,2017-11-06 17:21:28\n"
            "x,70000,1.5,y,1e3,\"a,\\\"b\\\"\",FALSE,20211301,bad\n"
            "null,,null,NaN,-Infinity,null,yes,2021-2-3,2017-11-06T09:21:28.5Z\n"
            "+5,-6\n"
            "\n"
            "2147483648, 7,9223372036854775807,1.5f,2.5d, padded ,True,null,2017-11-06,one,too,many\n"
        ))
        self.assertEqual(self.load("cells", path), "FINISHED")
        self.assertEqual(self.sandbox.ok("SELECT * FROM cells"), [
            [1, 2, 3, 1.5, 2.5, "text", True, "2021-12-1", 1509960088000],
            [None, None, None, None, 1000.0, 'a,"b"', False, None, None],
            [None, None, None, mock.ANY, float("-inf"), None, None, "2021-2-3", 1509960088500],
            [5, -6, None, None, None, None, None, None, None],
            [None, None, 9223372036854775807, 1.5, 2.5, " padded ", True, None, 1509897600000],
        ])

    def test_a_day_that_there_is_not_fails_the_job(self):
        self.table("days", "a string, b date")
        for day in ("2021-02-30", " 2021-13-01 ", "21-01-03", "2021-1-3x"):
            self.assertEqual(self.load("days", self.file("days.csv", f"a,b\nx,{day}\n")), "FAILED")
            self.assertIn(f"Fail to parse '{day}' in the new parser", self.log)
        self.assertEqual(self.load("days", self.file("days.csv", "a,b\nx,2021\nx,2021-2\nx,soon\nx, 2021-02-03T09:00\n")), "FINISHED")
        self.assertEqual(self.sandbox.ok("SELECT b FROM days"), [["2021-1-1"], ["2021-2-1"], [None], ["2021-2-3"]])

    def test_timestamp_kind_is_decided_by_the_first_cell(self):
        self.table("ts", "t timestamp")
        self.load("ts", self.file("ms.csv", "t\nnull\n1509960088000\n2017-11-06 17:21:28\n-5\n"))
        self.assertEqual(self.sandbox.ok("SELECT * FROM ts"), [[None], [1509960088000], [None], [-5]])
        self.table("ts", "t timestamp")
        self.load("ts", self.file("text.csv", "t\n2017-11-06 17:21:28\n1509960088000\n"))
        self.assertEqual(self.sandbox.ok("SELECT * FROM ts"), [[1509960088000], [None]])

    def test_options(self):
        self.table("o", "a int, b string")
        path = self.file("o.csv", "1|'x|y'\nNA|z\n")
        self.assertEqual(self.load("o", path, "mode='append', header=false, delimiter='|', quote=\"'\", null_value='NA'"), "FINISHED")
        self.assertEqual(self.sandbox.ok("SELECT * FROM o"), [[1, "x|y"], [None, "z"]])
        for options, part in {
            "mode='upsert'": "unsupported write mode upsert",
            "mode='append', nope=1": FAILS + "unknown option nope",
            "mode='append', DELIMITER='|'": FAILS + "unknown option DELIMITER (the engine knows it as delimiter alone",
            "mode='append', header='yes'": FAILS + "option header must be true or false, but is 'yes'",
            "mode='append', thread='2'": FAILS + "option thread must be an integer, but is '2'",
            "mode='append', format='orc'": FAILS + "unsupported format orc",
            "mode='append', sql='SELECT 1'": FAILS + "option sql is Spark's SQL",
            "mode='append', delimiter=''": "Delimiter cannot be empty string",
            "mode='append', quote='ab'": "quote cannot be more than one character",
        }.items():
            with self.subTest(options):
                self.assertEqual(self.load("o", path, options), "FAILED")
                self.assertIn(part, self.log)

    def test_what_was_exported_is_loaded_again(self):
        """Once a quote of Spark's, `\\"`, ended a cell too early, and an empty text came back as NULL."""
        self.table("source", "a int, b string")
        rows = [[1, 'a,"b"'], [2, ""], [3, None], [4, '\\"'], [5, "x||y"], [6, r"\t"]]
        self.sandbox.job(r"""INSERT INTO source VALUES (1, 'a,"b"'), (2, ''), (3, NULL), (4, '\\"'), (5, 'x||y'), (6, r'\t')""")
        for options in ("", ", delimiter='||'", r", delimiter='\\t', header=false, null_value='-'"):
            with self.subTest(options):
                target = self.folder / f"again-{len(options)}"
                export = f"SELECT a, b FROM source INTO OUTFILE '{target}' OPTIONS(mode='overwrite'{options})"
                self.assertEqual(self.sandbox.job(export), "FINISHED")
                self.table("copy", "a int, b string")
                self.assertEqual(self.load("copy", target, f"mode='append'{options}"), "FINISHED")
                self.assertEqual(self.sandbox.ok("SELECT * FROM copy"), rows)

    def test_directory_glob_and_order(self):
        folder = self.folder / "parts"
        folder.mkdir()
        for name, text in {"b.csv": "a\n2\n", "a.csv": "a\n1\n", ".hidden": "a\n9\n", "_SUCCESS": ""}.items():
            (folder / name).write_text(text)
        self.table("p", "a int")
        for path in (folder, f"{folder}/*.csv", f"file://{folder}/a.csv"):
            self.assertEqual(self.load("p", path), "FINISHED")
        self.assertEqual(self.sandbox.ok("SELECT a FROM p"), [[1], [2], [1], [2], [1]])
        self.assertEqual(self.load("p", f"{folder}/*.nothing"), "FAILED")
        self.assertIn("Path does not exist: file:", self.log)

    def test_parquet(self):
        import duckdb

        path = self.folder / "t.parquet"
        duckdb.execute(
            "COPY (SELECT 7 AS x, 'seven' AS y, TIMESTAMP '2017-11-06 09:21:28' AS z, 300 AS w) "
            f"TO '{path}' (FORMAT parquet)"
        )
        self.table("pq", "a int, b string, c timestamp, d smallint")
        self.assertEqual(self.load("pq", path, "mode='append', format='parquet'"), "FINISHED")
        self.assertEqual(self.sandbox.ok("SELECT * FROM pq"), [[7, "seven", 1509960088000, 300]])
        self.assertEqual(self.load("pq", self.file("no.parquet", "no"), "mode='append', format='parquet'"), "FAILED")

    def test_online_takes_append_only(self):
        self.table("on1", "a int")
        path = self.file("on1.csv", "a\n1\n")
        text = "import to online storage, can't do soft copy, and mode must be append"
        for options in ("header=true", "mode='overwrite'", "mode='append', deep_copy=false"):
            self.assertEqual(self.load("on1", path, options), "FAILED")
            self.assertIn(text, self.log)
        self.assertEqual(self.load("on1", path), "FINISHED")
        self.assertEqual(self.load("on1", path), "FINISHED")
        self.assertEqual(self.sandbox.ok("SELECT a FROM on1"), [[1], [1]])
        self.assertEqual(self.offline("on1"), [], "offline storage is another storage")

    def test_offline_modes(self):
        self.table("m", "a int")
        one, two = self.file("one.csv", "a\n1\n"), self.file("two.csv", "a\n2\n")
        self.assertEqual(self.load("m", one, "header=true", "offsync"), "FINISHED")
        self.assertEqual(self.load("m", one, "header=true", "offsync"), "FAILED")
        self.assertIn("has offline info(even no deep path), can't do errorifexists", self.log)
        self.assertEqual(self.load("m", two, "mode='append'", "offsync"), "FINISHED")
        self.assertEqual(self.offline("m"), [["1"], ["2"]])
        self.assertEqual(self.load("m", two, "mode='overwrite'", "offsync"), "FINISHED")
        self.assertEqual(self.offline("m"), [["2"]])
        self.assertEqual(self.sandbox.ok("SELECT a FROM m"), [])

    def test_soft_copy(self):
        self.table("soft", "a int, ts timestamp")
        path = self.file("soft.csv", "a,ts\n1,2017-11-06 17:21:28\n")
        self.assertEqual(self.load("soft", path, "mode='overwrite', deep_copy=false", "offsync"), "FINISHED")
        path.write_text("a,ts\n3,2017-11-06 17:21:28\n")
        self.assertEqual(self.offline("soft"), [["3", "2017-11-06T17:21:28.000+08:00"]], "the file is read by each query")
        deep = self.file("deep.csv", "a,ts\n7,null\n")
        self.assertEqual(self.load("soft", deep, "mode='append'", "offsync"), "FINISHED")
        self.assertEqual(self.offline("soft"), [["7", "null"], ["3", "2017-11-06T17:21:28.000+08:00"]])
        status = [row for row in self.sandbox.ok("SHOW TABLE STATUS") if row[1] == "soft"][0]
        self.assertEqual(status[12], str(path))
        path.unlink()
        row = self.sandbox.ok(f"SELECT a FROM soft INTO OUTFILE '{self.folder}/gone'", "offsync")[0]
        self.assertEqual(row[2], "FAILED")
        self.assertIn("Path does not exist", self.sandbox.log(row[0]))

    def test_local_load(self):
        self.table("loc", "a int")
        path = self.file("loc.csv", "a\n1\n")
        load = f"LOAD DATA INFILE '{path}' INTO TABLE loc OPTIONS(load_mode='local')"
        jobs = len(self.sandbox.ok("SHOW JOBS"))
        self.assertEqual(self.sandbox.sql(load), {"code": 0, "msg": "ok"})
        self.assertEqual(self.sandbox.ok("SELECT a FROM loc"), [[1]])
        self.assertEqual(len(self.sandbox.ok("SHOW JOBS")), jobs, "no job is started")
        self.assert_error(self.sandbox.sql(load, "offsync"), 2000, "local load only supports loading data to online storage")
        self.assert_error(self.sandbox.sql(load.replace("loc.csv", "no.csv")), 2000, "Path does not exist")

    def test_undecodable_file(self):
        self.table("u", "a string")
        path = self.folder / "u.csv"
        path.write_bytes(b"a\n\xff\xfe\n")
        self.assertEqual(self.load("u", path), "FAILED")


class ExportTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok("CREATE TABLE t(id int, f float, d double, s string, b bool, dt date, ts timestamp)")
        cls.sandbox.ok("CREATE TABLE big(id int, ts timestamp)")
        cls.sandbox.job(
            "INSERT INTO t VALUES (1, 0.1, 100, 'a,\"b\"', true, '2021-2-3', 1509960088005), "
            "(2, 1e10, 1.25e-5, NULL, false, NULL, NULL), (3, -1.5, 12345678, 'x', NULL, NULL, -1)"
        )

    def export(self, query: str, target, options: str = "") -> str:
        row = self.sandbox.ok(f"{query} INTO OUTFILE '{target}' {options}", "offsync")[0]
        self.log = self.sandbox.log(row[0])
        return row[2]

    def test_directory(self):
        target = self.folder / "deep" / "er" / "out"
        self.assertEqual(self.export("SELECT * FROM t", f"file://{target}"), "FINISHED")
        self.assertTrue((target / "_SUCCESS").exists())
        (part,) = target.glob("part-00000-*.csv")
        self.assertEqual(part.read_text().splitlines(), [
            "id,f,d,s,b,dt,ts",
            '1,0.1,100.0,"a,\\"b\\"",true,2021-02-03,2017-11-06T17:21:28.005+08:00',
            "2,1.0E10,1.25E-5,null,false,null,null",
            "3,-1.5,1.2345678E7,x,null,null,1970-01-01T07:59:59.999+08:00",
        ])

    def test_modes(self):
        target = self.folder / "modes"
        self.assertEqual(self.export("SELECT id FROM t", target), "FINISHED")
        self.assertEqual(self.export("SELECT id FROM t", target), "FAILED")
        self.assertIn(f"org.apache.spark.sql.AnalysisException: path file:{target} already exists.", self.log)
        self.assertEqual(self.export("SELECT id FROM t", target, "OPTIONS(mode='append')"), "FINISHED")
        self.assertEqual(len(list(target.glob("part-*"))), 2)
        (target / "mine.txt").write_text("kept")
        self.assertEqual(self.export("SELECT id FROM t", target, "OPTIONS(mode='overwrite')"), "FINISHED")
        self.assertEqual(len(list(target.glob("part-*"))), 1)
        self.assertTrue((target / "mine.txt").exists(), "only outputs are removed")
        self.assertEqual(self.export("SELECT id FROM t", target / "mine.txt", "OPTIONS(mode='overwrite')"), "FAILED")

    def test_options(self):
        target = self.folder / "options"
        options = "OPTIONS(delimiter='|', header=false, null_value='N', quote='\"', coalesce=1)"
        self.assertEqual(self.export("SELECT id, s FROM t", target, options), "FINISHED")
        (part,) = target.glob("part-*")
        self.assertEqual(part.read_text(), '1|"a,\\"b\\""\n2|N\n3|x\n')

    def test_wrong_options_are_named(self):
        for option, said in {
            "mode='x'": "unsupported write mode x",
            "delimeter='|'": "unknown option delimeter",
            "HEADER=false": "unknown option HEADER (the engine knows it as header alone, and ignores this)",
            "header=1": "option header must be true or false, but is 1",
            "coalesce='2'": "option coalesce must be an integer, but is '2'",
            "format='json'": "unsupported format json in the sandbox",
            "quote='ab'": "quote cannot be more than one character",
            "delimiter=''": "Delimiter cannot be empty string",
            r"delimiter='\\'": "Single backslash is prohibited",
            r"delimiter='\\q'": r"Unsupported special character for delimiter: \q",
        }.items():
            with self.subTest(option):
                self.assertEqual(self.export("SELECT id FROM t", self.folder / "never", f"OPTIONS({option})"), "FAILED")
                self.assertIn(said, self.log)
        self.assertEqual(self.export("SELECT id AS a, f AS a FROM t", self.folder / "never"), "FAILED")
        self.assertIn(f"Found duplicate column(s) when inserting into file:{self.folder}/never: `a`", self.log)
        self.assertFalse((self.folder / "never").exists())

    def test_no_rows_make_a_file_with_a_header(self):
        for name, options, text in (("empty", "", "id\n"), ("bare", "OPTIONS(header=false)", "")):
            target = self.folder / name
            self.assertEqual(self.export("SELECT id FROM t WHERE id > 99", target, options), "FINISHED")
            (part,) = target.glob("part-*")
            self.assertEqual(part.read_text(), text)

    def test_what_a_window_joins_is_one_cell(self):
        """Once `top(channel, 3)` came out as three columns."""
        query = ("SELECT id, top(id, 3) OVER w AS ids FROM t WINDOW w AS "
                 "(PARTITION BY k ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)")
        self.sandbox.ok("CREATE TABLE w(id int, k int, ts timestamp)")
        self.sandbox.job("INSERT INTO w VALUES (1, 1, 1), (2, 1, 2), (3, 1, 3)")
        target = self.folder / "joined"
        self.assertEqual(self.export(query.replace("FROM t", "FROM w"), target), "FINISHED")
        (part,) = target.glob("part-*")
        self.assertEqual(sorted(part.read_text().splitlines()), ['1,1', '2,"2,1"', '3,"3,2,1"', "id,ids"])

    def test_parquet(self):
        import duckdb

        target = self.folder / "parquet"
        self.assertEqual(self.export("SELECT * FROM t", target, "OPTIONS(format='parquet', mode='overwrite')"), "FINISHED")
        (part,) = target.glob("part-00000-*-c000.snappy.parquet")
        described = duckdb.execute(f"DESCRIBE SELECT * FROM '{part}'").fetchall()
        self.assertEqual([(name, type_) for name, type_, *_ in described], [
            ("id", "INTEGER"), ("f", "FLOAT"), ("d", "DOUBLE"), ("s", "VARCHAR"), ("b", "BOOLEAN"), ("dt", "DATE"),
            ("ts", "TIMESTAMP")])
        self.sandbox.ok("CREATE TABLE back(id int, f float, d double, s string, b bool, dt date, ts timestamp)")
        load = f"LOAD DATA INFILE '{target}' INTO TABLE back OPTIONS(format='parquet', mode='append')"
        self.assertEqual(self.sandbox.job(load, "onsync"), "FINISHED")
        self.assertEqual(len(self.sandbox.ok("SELECT * FROM back WHERE ts = timestamp(1509960088005)")), 1)
        self.assertEqual(self.export("SELECT id AS `a b` FROM t", self.folder / "no", "OPTIONS(format='parquet')"), "FAILED")
        self.assertIn('Column name "a b" contains invalid character(s). Please use alias to rename it.', self.log)

    def test_many_rows_make_several_parts(self):
        lines = "\n".join(f"{i},{i}" for i in range(12_000))
        path = self.file("big.csv", f"id,ts\n{lines}\n")
        self.assertEqual(self.sandbox.job(f"LOAD DATA INFILE '{path}' INTO TABLE big"), "FINISHED")
        target = self.folder / "big"
        self.assertEqual(self.export("SELECT id FROM big ORDER BY id DESC", target), "FINISHED")
        parts = [part.read_text().splitlines() for part in sorted(target.glob("part-*"))]
        self.assertEqual([part[0] for part in parts], ["id"] * 3)
        self.assertEqual([int(line) for part in parts for line in part[1:]], list(range(11_999, -1, -1)))
        one = self.folder / "big-one"
        self.assertEqual(self.export("SELECT id FROM big", one, "OPTIONS(coalesce=1)"), "FINISHED")
        self.assertEqual(len(list(one.glob("part-*"))), 1)

    def test_online_writes_one_file(self):
        self.sandbox.ok("INSERT INTO t VALUES (1, 1.5, 2, 'x', true, '2021-2-3', 1509960088005)")
        target = self.folder / "online.csv"
        text = f"SELECT id, ts, dt FROM t INTO OUTFILE '{target}'"
        self.assertEqual(self.sandbox.sql(text), {"code": 0, "msg": "ok"})
        self.assertEqual(target.read_text(), "id,ts,dt\n1,1509960088005,2021-02-03")
        self.assert_error(self.sandbox.sql(text), 2000, "already exists")
        self.sandbox.ok(text + " OPTIONS(MODE='append', header=false)")
        self.assertEqual(target.read_text(), "id,ts,dt\n1,1509960088005,2021-02-03\n1,1509960088005,2021-02-03")
        quoted = f"SELECT s, f, b FROM t INTO OUTFILE '{target}' OPTIONS(mode='overwrite', quote='\"', delimiter='||')"
        self.sandbox.ok(quoted)
        self.assertEqual(target.read_text(), 's||f||b\n"x"||1.500000||true')
        self.assert_error(self.sandbox.sql(quoted.replace("mode=", "format='parquet', mode=")), 2000, "must be csv")
        self.assert_error(self.sandbox.sql(f"SELECT id FROM t INTO OUTFILE '{self.folder}/no/dir.csv'"), 2000, "cannot write")


class ZoneCase:
    """`--timezone` decides how text is read and written; hour() stays at UTC+8."""

    ms: int
    written: str

    def test_zone(self):
        self.sandbox.ok("CREATE DATABASE demo_db")
        self.sandbox.ok("CREATE TABLE z(ts timestamp)")
        path = self.file("z.csv", "ts\n2017-11-06 14:32:00\n")
        for mode in ("onsync", "offsync"):
            self.assertEqual(self.sandbox.job(f"LOAD DATA INFILE '{path}' INTO TABLE z OPTIONS(mode='append')", mode), "FINISHED")
        hour = (self.ms // 3_600_000 + 8) % 24
        self.assertEqual(self.sandbox.ok("SELECT ts, hour(ts) FROM z"), [[self.ms, hour]])
        target = self.folder / "z"
        self.assertEqual(self.sandbox.job(f"SELECT ts, hour(ts) AS h FROM z INTO OUTFILE '{target}'"), "FINISHED")
        (part,) = target.glob("part-*")
        self.assertEqual(part.read_text(), f"ts,h\n{self.written},{hour}\n")


class ShanghaiTest(ZoneCase, SandboxTest):
    options = ("--timezone", "Asia/Shanghai")
    ms, written = 1509949920000, "2017-11-06T14:32:00.000+08:00"


class UtcTest(ZoneCase, SandboxTest):
    options = ("--timezone", "UTC")
    ms, written = 1509978720000, "2017-11-06T14:32:00.000Z"


class NewYorkTest(ZoneCase, SandboxTest):
    options = ("--timezone", "America/New_York")
    ms, written = 1509996720000, "2017-11-06T14:32:00.000-05:00"


class HostZoneTest(ZoneCase, SandboxTest):
    options = ()
    environment = {"TZ": "Asia/Kolkata"}
    ms, written = 1509958920000, "2017-11-06T14:32:00.000+05:30"


if __name__ == "__main__":
    unittest.main()
