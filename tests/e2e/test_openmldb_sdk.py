"""OPENMLDB tasks by way of OpenMLDB's real Python SDKs, against a double of a cluster that fails as it is told.

`./run test` makes an environment for each SDK below build/; OPENMLDB_SDKS names another folder that has them.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from replay_case import ROOT, ReplayCase, processes_with, task, wait_for, workflow
from zookeeper_server import free_port

sys.path.append(str(ROOT / "tests" / "support"))

from openmldb_sdk import SDKS  # noqa: E402

TABLE = """CREATE DATABASE IF NOT EXISTS demo_db; USE demo_db;
CREATE TABLE IF NOT EXISTS t(ip int, ts timestamp, INDEX(KEY=ip, TS=ts));"""
# Short times: what is waited for here, the double does at once.
CONFIG = "plugins:\n  OPENMLDB: {settleMillis: 800, retryMillis: 1500, requestMillis: 8000}\n"


class SdkCase:
    """The tests of one SDK; `sdk` is the name of its environment."""

    sdk = ""
    sqlalchemy = ""

    @classmethod
    def setUpClass(cls):
        cls.python = SDKS / cls.sdk / "bin" / "python3"
        cls.python_path = next(SDKS.glob(cls.sqlalchemy + "*"), None) if cls.sqlalchemy else None
        if not cls.python.exists() or (cls.sqlalchemy and not cls.python_path):
            raise unittest.SkipTest(f"{SDKS} lacks {cls.sdk} or {cls.sqlalchemy}: ./run test makes them, OPENMLDB_SDKS "
                                    "names another place")
        try:
            from cluster_double import CallFault, ClusterDouble, JobFault
            from debian_zookeeper import missing
        except ImportError as error:
            raise unittest.SkipTest(f"the double of a cluster needs examples/requirements.txt: {error}") from error
        if reason := missing():
            raise unittest.SkipTest(reason)
        cls.JobFault, cls.CallFault = JobFault, CallFault
        cls.double = ClusterDouble()
        cls.addClassCleanup(cls.double.close)
        cls.data = Path(tempfile.mkdtemp(prefix="porpoise-sdk-"))
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        (cls.data / "in.csv").write_text("ip,ts\n1,1509955214000\n1,1509957014000\n2,1510041614000\n")
        cls.load = f"USE demo_db; LOAD DATA INFILE 'file://{cls.data}/in.csv' INTO TABLE t OPTIONS(mode='overwrite');"

    def setUp(self):
        super().setUp()
        self.addCleanup(self.double.faults.release)
        if self.python_path:
            self.environment["PYTHONPATH"] = str(self.python_path)

    def task_and_options(self, sql, mode, zk="", zk_path=""):
        params = {"zk": zk or self.double.cluster.zk, "zkPath": zk_path or self.double.cluster.root, "executeMode": mode, "sql": sql,
                  "localParams": [], "resourceList": []}
        config = self.write(CONFIG, "porpoise.yaml")
        return workflow([task("sql", taskType="OPENMLDB", taskParams=params)]), "--config", config, "--python", self.python

    def succeeds(self, sql, mode="offline"):
        """Runs the task; returns its log."""
        self.replay(*self.task_and_options(sql, mode))
        return self.log("sql")

    def fails_with(self, sql, *texts, mode="offline", **more):
        self.replay(*self.task_and_options(sql, mode, **more), expect=1)
        log = self.log("sql")
        for text in texts:
            self.assertRegex(log, text)
        return log

    def make_table(self):
        self.succeeds(TABLE, "online")

    # --- what works ---

    def test_a_feature_workflow_runs_twice(self):
        for _ in range(2):
            log = self.succeeds(TABLE + self.load + "SELECT ip, ts FROM t;" + (
                f"SELECT ip FROM t INTO OUTFILE 'file://{self.data}/out' OPTIONS(mode='overwrite');"
                "SET @@execute_mode='online'; SHOW TABLES; DEPLOY d1 SELECT ip, count(ip) OVER w AS n FROM t WINDOW w AS "
                "(PARTITION BY ip ORDER BY ts ROWS_RANGE BETWEEN 1h PRECEDING AND CURRENT ROW);"))
        version = self.sdk.rsplit("-", 1)[1]
        self.assertRegex(log, rf"OpenMLDB SDK {re.escape(version)}, Python 3\.\S+ \({re.escape(str(self.python))}\)")
        self.assertIn("by its SDK, mode offline", log)
        self.assertIn("1509955214000", log)
        self.assertIn("deployment demo_db.d1 is already deployed, unchanged", log)
        self.assertTrue((self.data / "out" / "_SUCCESS").exists())

    def test_the_doctor_finds_nothing_wrong(self):
        done = subprocess.run([self.binary, "doctor", "openmldb", "--zk", self.double.cluster.zk, "--zk-path", self.double.cluster.root,
                               "--python", self.python, "--driver", "sdk"], env=self.environment, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"ok +SDK +openmldb {self.sdk.rsplit('-', 1)[1]}, Python 3\.")

    def test_online_rows_have_their_column_names(self):
        log = self.succeeds(TABLE + "INSERT INTO t VALUES (5, 1509960088000); SELECT * FROM t WHERE ip = 5;", "online")
        self.assertRegex(log, r"ip \| ts\s+5  \| 1509960088000")


class SdkFaults(SdkCase):
    """What each SDK says of a fault differs, and so do the ways it hangs."""

    # --- jobs ---

    def test_a_job_that_ends_badly_fails_the_task(self):
        self.make_table()
        for end in ("FAILED", "LOST", "KILLED"):
            with self.subTest(end=end):
                self.double.faults.add_job(self.JobFault(end=end, log="Caused by: no such file"))
                self.fails_with(self.load, rf"job \d+ \(ImportOfflineData\) ended {end}: Caused by: no such file")

    def test_a_job_that_turns_failed_after_it_finished_fails_the_task(self):
        self.make_table()
        self.double.faults.add_job(self.JobFault(end="FLIP"))
        self.fails_with(self.load, r"job \d+ \(ImportOfflineData\) is FINISHED", r"job \d+ \(ImportOfflineData\) ended FAILED")

    def test_a_submission_whose_answer_is_lost_is_followed_and_not_sent_twice(self):
        self.make_table()
        for fault in ({"cut": True}, {"hold": True}):
            with self.subTest(fault=fault):
                before = self.double.faults.counts["ImportOfflineData"]
                self.double.faults.add_call(self.CallFault(method="ImportOfflineData", **fault))
                log = self.succeeds("SET @@job_timeout=1000; " + self.load)
                self.assertRegex(log, r"it was: job \d+ \(ImportOfflineData\)")
                self.assertEqual(self.double.faults.counts["ImportOfflineData"], before + 1)

    # --- servers that are away ---

    def away(self, name, state):
        self.double.server(name, state)
        self.addCleanup(self.double.server, name, "up")

    def test_without_its_taskmanager(self):
        self.make_table()
        for state, text in (("refusing", "the TaskManager refuses connections"), ("gone", "no TaskManager is registered")):
            with self.subTest(state=state):
                self.away("taskmanager", state)
                log = self.fails_with(self.load, text, "porpoise doctor openmldb")
                self.assertIn("trying again", log)

    def test_without_its_nameserver(self):
        for state, text in (("refusing", "the nameserver does not answer"), ("gone", "no nameserver is registered below")):
            with self.subTest(state=state):
                self.away("nameserver", state)
                self.fails_with("SHOW DATABASES", f"cannot connect to OpenMLDB {self.double.cluster.zk}/openmldb: {text}")

    def test_without_its_tablet(self):
        self.make_table()
        for state, text in (("refusing", "a server of the cluster refuses connections"), ("gone", "no tablet that has the table")):
            with self.subTest(state=state):
                self.away("tablet", state)
                self.fails_with("SELECT * FROM demo_db.t WHERE ip = 1", text, mode="online")

    def test_without_zookeeper(self):
        nowhere = f"127.0.0.1:{free_port()}"
        self.fails_with("SHOW DATABASES", f"cannot connect to OpenMLDB {nowhere}/openmldb: ZooKeeper {nowhere} cannot be "
                        "reached", zk=nowhere)

    def test_a_wrong_path_is_said_at_once(self):
        log = self.fails_with("SHOW DATABASES", f"ZooKeeper {self.double.cluster.zk} has no OpenMLDB cluster below /wrong; "
                              "correct the parameter zkPath", zk_path="/wrong/")
        self.assertNotIn("trying again", log)

    # --- the end of things ---

    def start_held_job(self, sql):
        self.double.faults.add_job(self.JobFault(hold=True))
        process = self.start(*self.task_and_options(sql, "offline"))
        wait_for(lambda: "RUNNING" in self.job_states(), "a running job")
        return process

    def job_states(self):
        return [job.state.upper() for job in self.double.engine.jobs.all()]

    def test_a_cancel_stops_the_job_also_while_the_sdk_is_in_a_call(self):
        self.make_table()
        # An offline SELECT waits for its job inside one call of the SDK.
        for sql in (self.load, "SELECT ip FROM demo_db.t;"):
            with self.subTest(sql=sql):
                before = self.double.faults.counts["StopJob"]
                process = self.start_held_job(sql)
                self.interrupt(process)
                self.assertEqual(self.double.faults.counts["StopJob"], before + 1, self.log("sql"))
                self.assertNotIn("RUNNING", self.job_states())
                self.assertEqual(processes_with(str(self.run_directory)), [])

    def test_no_process_outlives_a_killed_replay(self):
        self.make_table()
        self.start_held_job("SELECT ip FROM demo_db.t;").kill()
        wait_for(lambda: not processes_with(str(self.run_directory)), "the end of all processes")


class Sdk092(SdkFaults, ReplayCase):
    sdk = "openmldb-sdk-0.9.2"


class Sdk092WithSqlalchemy14(SdkCase, ReplayCase):
    sdk = "openmldb-sdk-0.9.2"
    sqlalchemy = "sqlalchemy-1.4"


class Sdk085(SdkFaults, ReplayCase):
    sdk = "openmldb-sdk-0.8.5"


if __name__ == "__main__":
    unittest.main()
