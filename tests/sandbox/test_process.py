"""The process: how it starts and ends, and what it keeps."""

import signal
import tempfile
import unittest
from pathlib import Path

from support import DEADLINE_S, HAS_LIBRARIES, Sandbox, start_process


@unittest.skipUnless(HAS_LIBRARIES, "needs the Python libraries duckdb and sqlglot")
class ProcessTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="sandbox-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def start(self, *options: str, **how) -> Sandbox:
        sandbox = Sandbox(*options, **how)
        self.addCleanup(lambda: sandbox.process.stdin.closed or sandbox.close())
        return sandbox

    def test_banner_says_what_it_is(self):
        sandbox = self.start(by_path=True)
        self.assertIn("It is not OpenMLDB", "".join(sandbox.banner))
        self.assertEqual(sandbox.url, f"http://127.0.0.1:{sandbox.port}")
        self.assertEqual(sandbox.close(), 0)

    def test_ends_with_signals_and_removes_its_temporary_directory(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                sandbox = self.start(environment={"TMPDIR": str(self.folder)})
                self.assertEqual(len(list(self.folder.iterdir())), 1)
                sandbox.ok("CREATE DATABASE d")
                sandbox.process.send_signal(number)
                self.assertEqual(sandbox.process.wait(DEADLINE_S), 0)
                self.assertEqual(sandbox.process.stderr.read(), "")
                self.assertEqual(list(self.folder.iterdir()), [])
                sandbox.close()

    def test_ends_with_its_standard_input(self):
        self.assertEqual(self.start("--dir", str(self.folder / "state")).close(), 0)
        self.assertTrue((self.folder / "state").exists())

    def test_state_survives_a_restart(self):
        state = ("--dir", str(self.folder / "state"), "--timezone", "UTC")
        soft = self.folder / "soft.csv"
        soft.write_text("k,ts\n9,5\n")
        first = self.start(*state)
        first.ok("CREATE DATABASE demo_db")
        first.ok("CREATE TABLE t(k int, ts timestamp, INDEX(KEY=k, TS=ts, TTL=1h, TTL_TYPE=absolute))")
        first.ok("INSERT INTO t VALUES (1, 10), (1, 20)")
        first.job("INSERT INTO t VALUES (2, 30)")
        first.job(f"LOAD DATA INFILE '{soft}' INTO TABLE t OPTIONS(mode='append', deep_copy=false)")
        first.ok(
            "DEPLOY d SELECT k, count(*) OVER w AS c FROM t WINDOW w AS "
            "(PARTITION BY k ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
        )
        before = [first.ok("SHOW JOBS"), first.call("GET", "/dbs/demo_db/tables"), first.ok("SHOW TABLE STATUS"), first.log(1)]
        self.assertEqual(first.close(), 0)

        second = self.start(*state)
        after = [second.ok("SHOW JOBS"), second.call("GET", "/dbs/demo_db/tables"), second.ok("SHOW TABLE STATUS"), second.log(1)]
        self.assertEqual(after, before)
        called = second.call("POST", "/dbs/demo_db/deployments/d", {"input": [[1, 15]]})
        self.assertEqual(called["data"]["data"], [[1, 2]])
        self.assertIn(" 9  ", second.ok("SELECT k FROM t", "offsync")[0][0])
        self.assertEqual([row[0] for row in second.ok("SHOW JOBS")], [1, 2, 3])
        second.ok("DROP DEPLOYMENT d")
        second.ok("DROP TABLE t")
        second.ok("CREATE TABLE t(a string)")
        self.assertEqual(second.ok("SELECT * FROM t"), [])
        second.ok("INSERT INTO t VALUES ('after')")
        second.process.kill()
        second.process.wait(DEADLINE_S)

        third = self.start(*state)
        self.assertEqual(third.ok("SELECT * FROM t"), [["after"]], "nothing acknowledged is lost to a kill")

    def test_running_jobs_are_killed_with_the_server(self):
        state = ("--dir", str(self.folder / "state"), "--slow-job-ms", "600000")
        for how, end in (("clean", Sandbox.close), ("hard", lambda sandbox: (sandbox.process.kill(), sandbox.close()))):
            with self.subTest(how):
                first = self.start(*state)
                first.ok("CREATE DATABASE IF NOT EXISTS demo_db")
                first.ok("CREATE TABLE IF NOT EXISTS t(a int)")
                job_id = first.ok("INSERT INTO t VALUES (1)", "offasync")[0][0]
                end(first)
                second = self.start(*state)
                self.assertEqual(second.ok(f"SHOW JOB {job_id}")[0][2], "KILLED")
                self.assertEqual(second.close(), 0)

    def test_refuses_to_start(self):
        running = self.start("--dir", str(self.folder / "state"))
        for options, code, part in [
            (("--port", str(running.port)), 1, "cannot listen on port"),
            (("--port", "0", "--dir", str(self.folder / "state")), 1, "cannot use directory"),
            (("--port", "70000"), 2, "not a port"),
            (("--timezone", "Mars/Olympus"), 2, "unknown time zone Mars/Olympus"),
            (("--timezone", "../../etc/passwd"), 2, "unknown time zone"),
            (("--slow-job-ms", "-1"), 2, "not between"),
        ]:
            with self.subTest(options):
                process = start_process(*options)
                out, err = process.communicate(timeout=DEADLINE_S)
                self.assertEqual(process.returncode, code)
                self.assertIn(part, err)
                self.assertEqual(out, "")


if __name__ == "__main__":
    unittest.main()
