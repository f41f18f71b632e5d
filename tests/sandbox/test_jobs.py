"""Jobs: their states, their silent failures, their logs, and how they are stopped."""

import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support import PACKAGES, HAS_LIBRARIES, SandboxTest

JOB_SCHEMA = [
    "Int32", "String", "String", "Timestamp", "Timestamp", "String", "String", "String", "String", "String", "String",
    "Int32", "String", "String",
]


class JobTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok("CREATE TABLE t(a int, b string)")
        cls.csv = cls.folder / "t.csv"
        cls.csv.write_text("a,b\n1,x\n2,y\n", encoding="utf-8")
        cls.load = f"LOAD DATA INFILE 'file://{cls.csv}' INTO TABLE t OPTIONS(mode='append')"

    def test_row_of_a_finished_job(self):
        before = int(time.time() * 1000)
        answer = self.sandbox.sql(self.load, "OffSync")
        self.assertEqual(answer["code"], 0)
        self.assertEqual(answer["data"]["schema"], JOB_SCHEMA)
        (row,) = answer["data"]["data"]
        self.assertEqual(row[1:3], ["ImportOfflineData", "FINISHED"])
        self.assertTrue(before <= row[3] <= row[4] <= int(time.time() * 1000))
        self.assertEqual(row[5:7], [self.load, "local[*]"])
        self.assertTrue(row[7].startswith("local-"))
        self.assertEqual(row[8:], ["", None, None, None, None, "TaskManager"])

    def test_failure_is_silent(self):
        answer = self.sandbox.sql("LOAD DATA INFILE '/tmp/no/such/file.csv' INTO TABLE t OPTIONS(mode='append')", "offsync")
        self.assertEqual((answer["code"], answer["msg"]), (0, "ok"))
        row = answer["data"]["data"][0]
        self.assertEqual((row[2], row[8]), ("FAILED", ""))
        log = self.sandbox.log(row[0])
        self.assertTrue(log.startswith("Stdout:\n"), log)
        self.assertIn("\n\nStderr:\norg.apache.spark.sql.AnalysisException: Path does not exist: file:/tmp/no/such/file.csv", log)
        self.assertIn("\nCaused by: ", log)

    def test_async_answers_with_submitted(self):
        for mode, job_type in (("offasync", "ImportOfflineData"), ("online", "ImportOnlineData")):
            row = self.sandbox.ok(self.load, mode)[0]
            self.assertEqual(row[1:3], [job_type, "Submitted"])
            self.assertIsNone(row[4])
            self.assertEqual(self.sandbox.wait_for(row[0]), "FINISHED")

    def test_job_types(self):
        for text, mode, job_type in [
            (self.load, "onsync", "ImportOnlineData"),
            (f"SELECT a FROM t INTO OUTFILE '{self.folder}/types'", "offasync", "ExportOfflineData"),
            ("SELECT a FROM t", "offasync", "RunBatchAndShow"),
            ("INSERT INTO t VALUES (9, 'z')", "offsync", "InsertOfflineData"),
        ]:
            with self.subTest(text):
                row = self.sandbox.ok(text, mode)[0]
                self.assertEqual(row[1], job_type)
                self.assertEqual(self.sandbox.wait_for(row[0]), "FINISHED")

    def test_sync_select_answers_with_text(self):
        self.sandbox.ok("CREATE TABLE s(a int, b string)")
        self.assertEqual(self.sandbox.job("INSERT INTO s VALUES (5, 'five'), (6, NULL)"), "FINISHED")
        answer = self.sandbox.sql("SELECT a, b FROM s", "offsync")
        self.assertEqual(answer["data"]["schema"], ["String"])
        text = answer["data"]["data"][0][0]
        self.assertEqual([line.split() for line in text.splitlines() if line and "-" not in line], [
            ["a", "b"], ["5", "five"], ["6", "NULL"], ["2", "rows", "in", "set"],
        ])
        self.assertEqual(self.sandbox.ok("SHOW JOBS LIKE 'runbatchsql'")[-1][2], "FINISHED")

    def test_sync_select_is_the_one_that_fails_loudly(self):
        answer = self.sandbox.sql("SELECT nope FROM t", "offsync")
        self.assert_error(answer, 2001, "sync offline query failed--ReturnCode[-1]--The job ", " for more info")
        job_id = self.sandbox.ok("SHOW JOBS LIKE 'RunBatchSql'")[-1][0]
        self.assertIn("Fail to find column nope", self.sandbox.log(job_id))

    def test_bad_queries_fail_inside_the_job(self):
        for text, part in {
            f"SELECT nope FROM t INTO OUTFILE '{self.folder}/bad'": "Fail to find column nope",
            f"SELECT a FROM nowhere INTO OUTFILE '{self.folder}/bad'": "nowhere",
            "LOAD DATA INFILE '/x' INTO TABLE nowhere": "table demo_db.nowhere info is not existed(no table name)",
            "LOAD DATA INFILE 'hdfs://h/x' INTO TABLE t": 'No FileSystem for scheme "hdfs"',
            "INSERT INTO t VALUES ('text', 1)": "column a",
        }.items():
            with self.subTest(text):
                row = self.sandbox.ok(text, "offsync")[0]
                self.assertEqual(row[2], "FAILED")
                self.assertIn(part, self.sandbox.log(row[0]))
        self.assert_error(self.sandbox.sql("SELECT a FROM t WHERE INTO OUTFILE '/x'", "offsync"), 1001)

    def test_list_of_jobs(self):
        self.sandbox.job(self.load)
        ids = [row[0] for row in self.sandbox.ok("SHOW JOBS")]
        self.assertEqual(ids, list(range(1, len(ids) + 1)))
        self.assertEqual(self.sandbox.ok("SHOW JOBS FROM TASKMANAGER"), self.sandbox.ok("SHOW JOBS"))
        self.assertEqual(self.sandbox.ok("SHOW JOBS FROM NAMESERVER"), [])
        self.assertEqual(self.sandbox.ok("SHOW JOB 1")[0][0], 1)
        self.assertTrue(all(row[1].startswith("Import") for row in self.sandbox.ok("SHOW JOBS LIKE 'import%line_ata'")))
        for text in ("SHOW JOB 999", "SHOW JOBLOG 999", "STOP JOB 999"):
            self.assert_error(self.sandbox.sql(text), 2000, "Job not found: 999")

    def test_stopping_a_finished_job_changes_nothing(self):
        row = self.sandbox.ok(self.load, "offsync")[0]
        self.assertEqual(self.sandbox.ok(f"STOP JOB {row[0]}"), [row])


class SlowJobTest(SandboxTest):
    """With `--slow-job-ms`, jobs stay RUNNING until they are stopped."""

    options = ("--slow-job-ms", "600000")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok("CREATE TABLE t(a int)")

    def test_stop(self):
        job_id = self.sandbox.ok("INSERT INTO t VALUES (1)", "offasync")[0][0]
        self.assertEqual(self.sandbox.wait_for(job_id, "RUNNING"), "RUNNING")
        stopped = self.sandbox.ok(f"STOP JOB {job_id}")[0]
        self.assertEqual(stopped[2], "STOPPED")
        self.assertIsNotNone(stopped[4])
        self.assertEqual(self.sandbox.ok("SHOW TABLE STATUS")[0][10], "NULL", "a stopped job leaves nothing behind")

    def test_more_jobs_than_threads_wait_as_submitted(self):
        ids = [self.sandbox.ok("INSERT INTO t VALUES (1)", "offasync")[0][0] for _ in range(8)]
        states = {self.sandbox.ok(f"SHOW JOB {i}")[0][2] for i in ids}
        self.assertIn("Submitted", states)
        for i in reversed(ids):
            self.assertEqual(self.sandbox.ok(f"STOP JOB {i}")[0][2], "STOPPED")

    def test_sync_wait_ends_with_the_timeout_and_the_job_goes_on(self):
        answer = self.sandbox.sql("LOAD DATA INFILE '/x' INTO TABLE t", "offsync", timeout=50)
        self.assert_error(answer, 2001, "taskmanager load data failed--ReturnCode[1004]--[E1008]Reached timeout=50ms")
        job_id = self.sandbox.ok("SHOW JOBS")[-1][0]
        self.assertIn(self.sandbox.ok(f"SHOW JOB {job_id}")[0][2], ("Submitted", "RUNNING"))
        self.sandbox.ok(f"STOP JOB {job_id}")

    def test_sync_wait_on_a_stopped_job_runs_into_the_timeout(self):
        answers = []
        waiter = self.sandbox.another_client()
        self.addCleanup(waiter.disconnect)
        jobs = len(self.sandbox.ok("SHOW JOBS"))
        waiting = threading.Thread(
            target=lambda: answers.append(waiter.sql("INSERT INTO t VALUES (1)", "offsync", timeout=1000))
        )
        waiting.start()
        deadline = time.monotonic() + 30
        while len(self.sandbox.ok("SHOW JOBS")) == jobs and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(self.sandbox.ok(f"STOP JOB {jobs + 1}")[0][2], "STOPPED")
        waiting.join(30)
        self.assert_error(answers[0], 2001, "Reached timeout")


class FlipTest(SandboxTest):
    options = ("--fail-after-finish",)

    def test_finished_flips_to_failed(self):
        self.sandbox.ok("CREATE DATABASE demo_db")
        self.sandbox.ok("CREATE TABLE t(a int)")
        row = self.sandbox.ok("INSERT INTO t VALUES (1)", "offsync")[0]
        self.assertEqual(row[2], "FINISHED")
        self.assertEqual(self.sandbox.wait_for(row[0], "FAILED"), "FAILED")


@unittest.skipUnless(HAS_LIBRARIES, "SKIPPED: no duckdb and sqlglot: ./run test makes a Python that has them")
class EndOfTheTable(unittest.TestCase):
    def test_who_waits_for_a_stopped_job_is_let_go(self):
        sys.path.append(str(PACKAGES))
        from openmldb_sandbox.jobs import JobTable
        from openmldb_sandbox.store import Store

        folder = self.enterContext(tempfile.TemporaryDirectory())
        store = Store(Path(folder))
        self.addCleanup(store.close)
        table = JobTable(store, slow_job_ms=600_000)
        job = table.submit("RunBatchSql", "SELECT 1", lambda context: "")
        table.stop(job.id)
        waiter = threading.Thread(target=table.wait, args=(job.id, 600), daemon=True)
        waiter.start()
        table.close()
        waiter.join(30)
        self.assertFalse(waiter.is_alive())


if __name__ == "__main__":
    unittest.main()
