"""`porpoise doctor openmldb` against a real ZooKeeper whose nodes each test makes, and servers that only listen."""

import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from replay_case import ROOT, find_binary
from zookeeper_server import ZookeeperServer, free_port

sys.path.append(str(ROOT / "tests" / "interop"))

from zk_client import ZooKeeper  # noqa: E402

FAKE_SDK = ROOT / "tests" / "support" / "fake_sdk"
OK, USAGE, ENVIRONMENT = 0, 2, 3


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.binary = find_binary()

        class Owner:  # of the server, whose cleanups are the class's
            addCleanup = cls.addClassCleanup

        cls.zookeeper = ZookeeperServer(Owner)

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="porpoise-doctor-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(self.folder)])
        self.path = "/openmldb-" + self._testMethodName
        self.config = {}
        self.rules = []
        self.environment = {**os.environ, "PYTHONPATH": str(FAKE_SDK), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(self.folder)}
        self.environment.pop("PYTHON_HOME", None)

    def listener(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        return f"127.0.0.1:{server.getsockname()[1]}"

    def nowhere(self):
        return f"127.0.0.1:{free_port()}"

    def make_cluster(self, **endpoints):
        """All nodes of a cluster; a server whose endpoint is given as None is not registered."""
        self.endpoints = {"nameserver": self.listener(), "taskmanager": self.listener(), "tablet": self.listener(), **endpoints}
        with ZooKeeper(self.zookeeper.port) as client:
            for node in ("/nodes", "/leader", "/table/db_table_data", "/taskmanager"):
                client.create(self.path + node)
            if nameserver := self.endpoints["nameserver"]:
                client.create(self.path + "/leader/0001", nameserver.encode())
                client.create(self.path + "/leader/0002", self.nowhere().encode())  # stands by
            if taskmanager := self.endpoints["taskmanager"]:
                client.create(self.path + "/taskmanager/leader", taskmanager.encode())
            if tablet := self.endpoints["tablet"]:
                client.create(f"{self.path}/nodes/{tablet}", b"endpoint")
            client.create(self.path + "/table/db_table_data/1")

    def examine(self, *options, expect, zk=None):
        """What the doctor prints."""
        script, config = self.folder / "script.json", self.folder / "porpoise.yaml"
        script.write_text(json.dumps(self.rules))
        config.write_text(json.dumps({"plugins": {"OPENMLDB": self.config}}))
        self.environment.update(FAKE_SDK_SCRIPT=str(script), FAKE_SDK_CALLS=str(self.folder / "calls"))
        done = subprocess.run(
            [self.binary, "doctor", "openmldb", "--zk", zk or self.zookeeper.address, "--zk-path", self.path, "--config",
             str(config), *options], env=self.environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def fault(self, part, what, fix, *options):
        """One finding is a fault, and it is this one."""
        output = self.examine(*options, "--json", expect=ENVIRONMENT)
        faults = [finding for finding in json.loads(output)["findings"] if finding["level"] == "FAULT"]
        self.assertEqual([finding["part"] for finding in faults], [part], output)
        self.assertIn(what, faults[0]["what"])
        self.assertIn(fix, faults[0]["fix"])

    def test_a_cluster_that_is_well_gives_exit_code_0_and_says_what_a_task_would_use(self):
        self.make_cluster()
        output = self.examine(expect=OK)
        for text in (f"ok     ZooKeeper    {self.zookeeper.address}", "tables: 1",
                     f"{self.endpoints['nameserver']} leads, 1 more stand by", f"TaskManager  {self.endpoints['taskmanager']}",
                     f"tablet       {self.endpoints['tablet']}", "databases: 1", "A task would use OpenMLDB's Python SDK."):
            self.assertIn(text, output)
        self.assertNotIn("FAULT", output)

    def test_a_server_may_be_registered_by_a_name(self):
        self.make_cluster(tablet=None)
        endpoint = self.listener()
        with ZooKeeper(self.zookeeper.port) as client:
            client.create(self.path + "/nodes/tablet-1#3")
            client.create(self.path + "/map/names/tablet-1", endpoint.encode())
        self.assertIn(endpoint, self.examine(expect=OK))

    def test_zookeeper_is_away(self):
        output = self.examine(expect=ENVIRONMENT, zk=self.nowhere())
        self.assertIn("cannot reach ZooKeeper at", output)
        self.assertIn("Connection refused", output)
        self.assertIn("-> correct the addresses, or start ZooKeeper", output)

    def test_the_path_is_wrong(self):
        self.path = "/a-cluster"
        self.make_cluster()
        right, self.path = self.path, "/elsewhere"
        self.fault("path", "there is no OpenMLDB cluster below /elsewhere in this ZooKeeper", right)

    def test_the_nameserver_is_away(self):
        self.make_cluster(nameserver=self.nowhere())
        self.fault("nameserver", f"{self.endpoints['nameserver']} is registered but cannot be reached: Connection refused",
                   "start the nameserver there")

    def test_the_sdk_cannot_connect_all_the_same(self):
        self.make_cluster()
        self.rules = [{"connect": {"fails": True}}]
        self.fault("SDK", "the SDK says no more than", "plugins.OPENMLDB.user")

    def test_no_nameserver_is_registered(self):
        self.make_cluster(nameserver=None)
        self.fault("nameserver", "none is registered", "start the nameserver")

    def test_the_taskmanager_is_away(self):
        self.make_cluster(taskmanager=self.nowhere())
        self.fault("TaskManager", f"{self.endpoints['taskmanager']} is registered but cannot be reached: Connection refused",
                   "until then LOAD DATA and all offline work fail")

    def test_no_taskmanager_is_registered(self):
        self.make_cluster(taskmanager=None)
        self.fault("TaskManager", "none is registered", "start the TaskManager")

    def test_a_tablet_is_away(self):
        self.make_cluster(tablet=self.nowhere())
        self.fault("tablet", f"{self.endpoints['tablet']} is registered but cannot be reached", "start the tablet there")

    def test_no_tablet_is_registered(self):
        self.make_cluster(tablet=None)
        self.fault("tablet", "none is registered", "start the tablets")

    def serve(self, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.config = {"apiservers": {f"{self.zookeeper.address}{self.path}": f"http://127.0.0.1:{server.server_port}"}}

    def test_a_mapped_apiserver_is_what_a_task_would_use(self):
        self.make_cluster()
        self.serve(b'{"code":0,"msg":"ok","dbs":["a","b"]}')
        output = self.examine(expect=OK)
        self.assertRegex(output, r"ok +APIServer +http://127.0.0.1:\d+, databases: 2")
        self.assertRegex(output, r"A task would use the APIServer http://127.0.0.1:\d+\.")

    def test_the_apiserver_is_another_server(self):
        self.make_cluster()
        self.serve(b"<html>It works</html>")
        self.fault("APIServer", "the answer is not one of an APIServer", "correct plugins.OPENMLDB.apiservers")

    def test_the_apiserver_is_away(self):
        self.make_cluster()
        self.config = {"apiservers": {"*": "http://" + self.nowhere()}}
        self.fault("APIServer", "cannot connect to http://127.0.0.1", "start the APIServer there")

    def test_the_sdk_is_missing(self):
        self.make_cluster()
        self.environment["PYTHONPATH"] = str(self.folder)
        self.fault("SDK", "has no OpenMLDB SDK", "install openmldb==", "--python", "/usr/bin/python3")

    def test_the_sdk_is_missing_but_not_needed(self):
        self.make_cluster()
        self.serve(b'{"code":0,"msg":"ok","dbs":[]}')
        self.environment["PYTHONPATH"] = str(self.folder)
        self.assertRegex(self.examine("--python", "/usr/bin/python3", expect=OK), "note +SDK +Python 3.* has no OpenMLDB SDK")

    def test_the_interpreter_is_missing(self):
        self.make_cluster()
        self.fault("Python", "PYTHON_HOME=/nowhere/python is neither", "set PYTHON_HOME", "--python", "/nowhere/python")

    def test_sqlalchemy_2_is_noted_as_what_the_java_worker_cannot_use(self):
        self.make_cluster()
        package = self.folder / "packages" / "SQLAlchemy-2.0.27.dist-info"
        package.mkdir(parents=True)
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: SQLAlchemy\nVersion: 2.0.27\n")
        self.environment["PYTHONPATH"] += f":{package.parent}"
        output = self.examine(expect=OK)
        self.assertIn("2.0.27 does not run what the Java worker makes of an OPENMLDB task", output)
        self.assertIn("pip install 'sqlalchemy<2'", output)

    def test_the_environment_of_a_task_is_respected(self):
        self.make_cluster()
        script = self.folder / "env.sh"
        script.write_text("export PYTHON_HOME=/nowhere/else\n")
        self.fault("Python", "PYTHON_HOME=/nowhere/else", "set PYTHON_HOME", "--env-file", str(script))

    def test_the_help_has_examples_and_wrong_options_are_said(self):
        def run(*words):
            done = subprocess.run([self.binary, "doctor", *words], capture_output=True, text=True, timeout=60)
            return done.returncode, done.stdout + done.stderr

        self.assertEqual(run("openmldb", "--help")[0], OK)
        self.assertIn("porpoise doctor openmldb --zk zk1:2181", run("openmldb", "--help")[1])
        self.assertIn("  openmldb\n", run("--help")[1])
        self.assertEqual(run("openmldb", "--zk", "x")[0], USAGE)
        code, text = run("openmlbd")
        self.assertEqual(code, USAGE)
        self.assertIn("did you mean 'openmldb'?", text)


if __name__ == "__main__":
    unittest.main()
