"""`porpoise sandbox --cluster`, the process, and the cluster's life in ZooKeeper."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from sdk_case import (
    DEADLINE_S, ROOT, SDKS_AS_INSTALLED, ClusterDouble, SdkClient, StatementError, for_each, missing_cluster,
)

from debian_zookeeper import ZooKeeperProcess  # noqa: E402

PORPOISE = os.environ.get("PORPOISE_BIN", "")


def start_for(test, *options):
    """The sandbox as a user starts it, or its Python program where there is no porpoise; its lines until READY."""
    command = [PORPOISE, "sandbox"] if PORPOISE else [sys.executable, str(ROOT / "plugins/openmldb/sandbox/openmldb_sandbox")]
    process = subprocess.Popen(
        [*command, "--port", "0", "--exit-with-stdin", *options], env={**os.environ, "PORPOISE_PYTHON": sys.executable,
                                                                "OPENMLDB_SANDBOX_DIRS": tempfile.gettempdir()},
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end_with(test, process)
    lines = {}
    for line in process.stdout:
        word, _, rest = line.strip().partition(" ")
        lines[word] = rest
        if word == "READY":
            break
    return process, lines


def end_with(test, process):
    def end():
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    test.addCleanup(end)


def at(lines):
    """Where the cluster is, of a sandbox's first lines."""
    return re.fullmatch(r"zk=(\S+) zkPath=(\S+)", lines["CLUSTER"]).groups()


@contextlib.contextmanager
def patched_path(path):
    """Programs are found in `path` alone."""
    before = os.environ["PATH"]
    os.environ["PATH"] = path
    try:
        yield
    finally:
        os.environ["PATH"] = before


def finish(process, number=None):
    """The exit code, after the end of its input or a signal, and what it complained of."""
    if number is not None:
        process.send_signal(number)
    out, complaint = process.communicate(timeout=DEADLINE_S)
    return process.returncode, complaint


class ProcessCase(unittest.TestCase):
    def setUp(self):
        if reason := missing_cluster():
            raise unittest.SkipTest(reason)

    def zookeeper(self, port=0):
        zookeeper = ZooKeeperProcess(port)
        self.addCleanup(zookeeper.close)
        return zookeeper


class Process(ProcessCase):
    def test_says_where_its_cluster_is_and_ends_with_its_zookeeper(self):
        process, lines = start_for(self, "--cluster", "--zk-port", "0", "--zk-path", "/some/where")
        found = re.fullmatch(r"zk=127\.0\.0\.1:(\d+) zkPath=/some/where", lines["CLUSTER"])
        self.assertTrue(found, lines)
        self.assertEqual(finish(process), (0, ""))
        self.zookeeper(int(found[1])).close()  # the port is free again

    def test_a_root_path_has_one_sandbox_and_is_free_when_that_ends(self):
        zookeeper = self.zookeeper()
        first, lines = start_for(self, "--cluster", "--zk", zookeeper.address)
        self.assertEqual(lines["CLUSTER"], f"zk={zookeeper.address} zkPath=/openmldb")
        elsewhere, _ = start_for(self, "--cluster", "--zk", zookeeper.address, "--zk-path", "/other")
        self.assertEqual(finish(elsewhere, signal.SIGTERM), (0, ""))
        second, lines = start_for(self, "--cluster", "--zk", zookeeper.address)
        self.assertNotIn("READY", lines)
        code, complaint = finish(second)
        self.assertEqual(code, 3)
        self.assertIn("another sandbox has /openmldb", complaint)
        self.assertIn("--zk-path", complaint)
        first.kill()
        third, lines = start_for(self, "--cluster", "--zk", zookeeper.address)
        self.assertIn("READY", lines, "it waits for the end of the dead one's session")
        self.assertEqual(finish(third)[0], 0)

    def test_leaves_the_metadata_of_a_real_cluster_alone(self):
        from kazoo.client import KazooClient

        zookeeper = self.zookeeper()
        client = KazooClient(zookeeper.address)
        client.start(DEADLINE_S)
        self.addCleanup(client.close)
        self.addCleanup(client.stop)
        client.create("/openmldb/table/db_table_data/1", b"precious", makepath=True)
        process, lines = start_for(self, "--cluster", "--zk", zookeeper.address)
        code, complaint = finish(process)
        self.assertEqual(code, 3)
        self.assertIn("/openmldb in ZooKeeper at " + zookeeper.address + " was not made by a sandbox", complaint)
        self.assertEqual(client.get("/openmldb/table/db_table_data/1")[0], b"precious")

    def test_refuses_to_start(self):
        taken = self.zookeeper()
        for options, code, part in [
            (("--cluster", "--zk-port", str(taken.port)), 3, f"name it with --zk 127.0.0.1:{taken.port}"),
            (("--cluster", "--zk", "127.0.0.1:1"), 3, "ZooKeeper at 127.0.0.1:1"),
            (("--cluster", "--zk", "nonsense"), 2, "nonsense is not HOST:PORT"),
            (("--cluster", "--zk-path", "openmldb"), 2, "openmldb is not a path like /openmldb"),
            (("--zk", "127.0.0.1:2181"), 2, "--cluster"),
        ]:
            with self.subTest(options):
                process, lines = start_for(self, *options)
                found, complaint = finish(process)
                self.assertIn(part, complaint)
                self.assertEqual(found, code)
                self.assertNotIn("READY", lines)


    def test_names_the_package_where_there_is_no_zookeeper(self):
        with tempfile.TemporaryDirectory() as nothing, patched_path(nothing):
            process, lines = start_for(self, "--cluster", "--zk-port", "0")
        code, complaint = finish(process)
        self.assertEqual(code, 3)
        self.assertIn("no java on the PATH: install Debian's package zookeeper, or name one with --zk", complaint)
        self.assertNotIn("READY", lines)


class ControlOfTheDouble(ProcessCase):
    def test_faults_are_scripted_over_http_too(self):
        program = ROOT / "tests" / "support" / "cluster_double.py"
        process = subprocess.Popen([sys.executable, program], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        end_with(self, process)
        self.control = json.loads(process.stdout.readline().removeprefix("READY "))["control"]
        self.post("/job", {"end": "FAILED"})
        self.post("/call", {"method": "ImportOfflineData", "hold": True})
        self.post("/server", {"name": "taskmanager", "state": "gone"})
        self.post("/server", {"name": "taskmanager", "state": "up"})
        self.post("/release", {})
        with urllib.request.urlopen(self.control + "/calls", timeout=DEADLINE_S) as answer:
            self.assertEqual(json.load(answer), {})
        with self.assertRaisesRegex(urllib.error.HTTPError, "400"):
            self.post("/job", {"no such": "field"})
        process.communicate("", timeout=DEADLINE_S)
        self.assertEqual(process.returncode, 0)

    def post(self, path, body):
        request = urllib.request.Request(self.control + path, json.dumps(body).encode())
        urllib.request.urlopen(request, timeout=DEADLINE_S).close()


@for_each(SDKS_AS_INSTALLED, globals())
class ShippedCluster:
    """What users get, without any fault."""

    def test_rest_and_sdk_are_two_doors_of_one_database(self):
        process, lines = start_for(self, "--cluster", "--zk-port", "0")
        client = self.another(*at(lines))
        client.sql("CREATE DATABASE d")
        client.sql("USE d")
        client.sql("CREATE TABLE t(a int, b timestamp)")
        client.sql("INSERT INTO t VALUES (1, 1000)")
        self.assertEqual(self.rest(lines["READY"], "SELECT a FROM t"), [[1]])
        self.rest(lines["READY"], "CREATE TABLE u(k string, v double)")
        self.rest(lines["READY"], "INSERT INTO u VALUES ('x', 2.5)")
        self.until(lambda: ["u"] in client.sql("SHOW TABLES"), "the other door's table")
        self.assertEqual(client.sql("SELECT * FROM u"), [["x", 2.5]])
        self.rest(lines["READY"], "DEPLOY dp SELECT a, count(b) OVER w AS c FROM t WINDOW w AS "
                                  "(PARTITION BY a ORDER BY b ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)")
        self.assertEqual(self.until(lambda: self.called(client, "d.dp", [1, 2000]), "the deployment"), [[1, 2]])
        self.assertEqual(finish(process)[0], 0)

    def test_a_restart_with_a_directory_loses_nothing(self):
        options = ("--cluster", "--zk-port", "0", "--dir", str(self.folder / "kept"))
        process, lines = start_for(self, *options)
        first = self.another(*at(lines))
        for text in ("CREATE DATABASE d", "USE d", "CREATE TABLE t(a int, b timestamp)",
                     "INSERT INTO t VALUES (1, 1000)",
                     "DEPLOY dp OPTIONS(RANGE_BIAS='inf') SELECT a, count(b) OVER w AS c FROM t WINDOW w AS "
                     "(PARTITION BY a ORDER BY b ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)"):
            first.sql(text)
        before = first.sql("SHOW DEPLOYMENT d.dp")
        self.assertEqual(finish(process)[0], 0)
        process, lines = start_for(self, *options)
        second = self.another(*at(lines))
        self.assertEqual(second.sql("SHOW DEPLOYMENT d.dp"), before)
        self.assertEqual(second.call("d.dp", [1, 2000]), [[1, 2]])
        self.assertEqual(finish(process)[0], 0)

    def another(self, zk, root="/openmldb"):
        """A client of a cluster that is not this class's own."""
        client = SdkClient(*self.variant, self.folder / "sdk.log")
        self.addCleanup(client.close)
        client.connect(zk, root)
        return client

    def called(self, client, deployment, row):
        """The SDK learns of it a moment after ZooKeeper has it."""
        try:
            return client.call(deployment, row)
        except StatementError:
            return None

    def rest(self, url, sql):
        body = json.dumps({"mode": "online", "sql": sql}).encode()
        with urllib.request.urlopen(urllib.request.Request(url + "/dbs/d", body), timeout=DEADLINE_S) as answer:
            found = json.load(answer)
        self.assertEqual(found["code"], 0, found)
        return found.get("data", {}).get("data")

    def test_a_zookeeper_that_comes_back_empty_gets_everything_again(self):
        zookeeper = ZooKeeperProcess()
        self.addCleanup(lambda: zookeeper.close())
        double = ClusterDouble(zookeeper.address)
        self.addCleanup(double.close)
        first = self.another(zookeeper.address)
        for text in ("CREATE DATABASE d", "USE d", "CREATE TABLE t(a int)"):
            first.sql(text)
        zookeeper.close()
        with contextlib.redirect_stderr(io.StringIO()):
            zookeeper = ZooKeeperProcess(zookeeper.port)
            self.until(lambda: self.leader(zookeeper.address), "the cluster to be back")
        second = self.another(zookeeper.address)
        second.sql("USE d")
        self.assertEqual(second.sql("SHOW TABLES"), [["t"]])

    def leader(self, zk):
        from kazoo.client import KazooClient

        client = KazooClient(zk)
        client.start(DEADLINE_S)
        try:
            return client.exists("/openmldb/leader") and client.get_children("/openmldb/leader")
        finally:
            client.stop()
            client.close()


if __name__ == "__main__":
    unittest.main()
