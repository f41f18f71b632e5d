"""`porpoise sandbox` and `replay --sandbox`: OPENMLDB tasks against the stand-in."""

import re
import socket
import subprocess
import unittest

from replay_case import DEADLINE, ReplayCase, find_sandbox_python, processes_with, task, wait_for, workflow


def openmldb(name, sql, mode="offline"):
    return task(name, taskType="OPENMLDB", taskParams={
        "zk": "127.0.0.1:2181", "zkPath": "/openmldb", "executeMode": mode, "sql": sql, "localParams": []})


class Sandbox(ReplayCase):
    def setUp(self):
        super().setUp()
        self.environment["PORPOISE_PYTHON"] = find_sandbox_python()
        self.mark = f"porpoise-e2e-mark-{self.folder.name}"
        self.environment["PORPOISE_E2E_MARK"] = self.mark

    def test_a_missing_file_fails_the_task_that_loads_it_with_the_jobs_own_error(self):
        missing = self.folder / "missing.csv"
        flow = workflow([openmldb("create", "CREATE DATABASE IF NOT EXISTS d; USE d; CREATE TABLE t(a int, b timestamp);"),
                         openmldb("load", f"USE d; LOAD DATA INFILE 'file://{missing}' INTO TABLE t;"),
                         openmldb("read", "USE d; SELECT * FROM t;")],
                        [("create", "load"), ("load", "read")])
        done = self.replay(flow, "--sandbox", expect=1)
        self.assertEqual(self.states(), {"create": "SUCCESS", "load": "FAILURE"})
        self.assertIn("Path does not exist", self.log("load"))
        self.assertIn(str(missing), self.log("load"))
        self.assertIn("Path does not exist", done.stdout, "the tail of the log is shown, too")
        self.assertEqual(processes_with(self.mark), [], "the sandbox ends with the run")

    def test_a_workflow_is_told_where_the_sandbox_is(self):
        apiserver = [{"prop": "apiserver", "direct": "IN", "type": "VARCHAR", "value": "nowhere:1"}]
        flow = workflow([task("a", "echo at ${apiserver}")], global_params=apiserver)
        self.replay(flow, "--sandbox")
        self.assertRegex(self.log("a"), r"at 127\.0\.0\.1:\d+")
        self.replay(flow, "--sandbox", "--set", "apiserver=mine:2")
        self.assertIn("at mine:2", self.log("a"))

    def test_kill_9_of_replay_ends_the_sandbox(self):
        process = self.start(workflow([task("a", "sleep 3600")]), "--sandbox")
        wait_for(lambda: len(processes_with(self.mark)) >= 4, "the start of sandbox and task")
        process.kill()
        process.wait(DEADLINE)
        wait_for(lambda: not processes_with(self.mark), "the end of every process")

    def test_a_sandbox_that_cannot_start_gives_3_and_says_why(self):
        flow = workflow([task("a")])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = self.replay(flow, "--sandbox", "--sandbox-port", taken.getsockname()[1], expect=3)
        self.assertRegex(done.stderr, r"(?s)sandbox ended at its start.*\d")

    def test_a_python_without_duckdb_gives_3_and_the_line_that_installs_it(self):
        bare = self.write(f'#!/bin/sh\nexec {self.environment["PORPOISE_PYTHON"]} -S "$@"\n', "python")
        bare.chmod(0o755)
        done = self.replay(workflow([task("a")]), "--sandbox", "--python", bare, expect=3)
        self.assertRegex(done.stderr, r"-m pip install duckdb sqlglot")

    def test_the_command_serves_until_its_standard_input_ends(self):
        process = subprocess.Popen([self.binary, "sandbox", "--port", "0", "--exit-with-stdin"], env=self.environment,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        ready = next(line for line in process.stdout if line.startswith("READY "))
        port = int(re.fullmatch(r"READY http://127\.0\.0\.1:(\d+)\n", ready)[1])
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        process.stdin.close()
        self.assertEqual(process.wait(DEADLINE), 0)


class WithoutSandbox(ReplayCase):
    def test_a_cluster_nobody_mapped_fails_with_the_sdk_to_install_or_the_line_to_add(self):
        done = self.replay(workflow([openmldb("a", "SHOW JOBS;")]), expect=1)
        self.assertIn("install it with: ", done.stdout)
        self.assertIn("127.0.0.1:2181/openmldb", done.stdout)
        self.assertIn("apiservers", done.stdout)


if __name__ == "__main__":
    unittest.main()
