"""Who may speak to the sandbox, and which files they reach by it: its own user's, and those that were given."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import DEADLINE_S, HAS_LIBRARIES, PACKAGES, Sandbox

NOBODY = 65534
# The sandbox's answer to one request, by whoever runs this.
ASK = """import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
connection.request("GET", "/dbs")
print(connection.getresponse().read().decode())"""


@unittest.skipUnless(HAS_LIBRARIES, "needs the Python libraries duckdb and sqlglot")
class NeighbourTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="sandbox-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.given = self.folder / "given"
        self.given.mkdir()
        self.secret = self.folder / "secret.csv"
        self.secret.write_text("s\nroot-only-secret\n")

    def start(self, *options: str) -> Sandbox:
        sandbox = Sandbox("--allow-dir", str(self.given), *options, environment={"OPENMLDB_SANDBOX_DIRS": ""})
        self.addCleanup(sandbox.close)
        return sandbox

    def ask_as(self, user: int, port: int) -> dict:
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        asked = subprocess.run([sys.executable, "-c", ASK, str(port)], user=user, group=user, extra_groups=[], cwd="/",
                               capture_output=True, text=True, timeout=DEADLINE_S)
        if not asked.stdout:
            self.skipTest(f"another user cannot run {sys.executable}: {asked.stderr[-200:]}")
        return json.loads(asked.stdout)

    def host(self, port: int, name: str) -> dict:
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection:
            connection.sendall(f"GET /dbs HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def test_another_user_is_refused_by_name(self):
        answer = self.ask_as(NOBODY, self.start().port)
        self.assertEqual(answer["code"], -1)
        self.assertIn(f"uid {NOBODY}", answer["msg"])

    def test_a_user_who_was_named_is_served(self):
        self.assertEqual(self.ask_as(NOBODY, self.start("--allow-user", "nobody").port)["code"], 0)

    def test_only_requests_for_this_host_are_answered(self):
        port = self.start().port
        for name in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", "127.0.0.1"):
            self.assertEqual(self.host(port, name)["code"], 0, name)
        for name in (f"evil.example:{port}", "evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", ""):
            self.assertIn("for another host", self.host(port, name)["msg"], name)

    def test_files_elsewhere_are_neither_read_nor_written(self):
        sandbox = self.start()
        sandbox.ok("CREATE DATABASE demo_db")
        sandbox.ok("CREATE TABLE t(s string)")
        link = self.given / "link.csv"
        link.symlink_to(self.secret)
        (self.given / "folder").symlink_to(self.folder)
        for path in (self.secret, link, f"{self.given}/../secret.csv", f"{self.given}/folder/secret.csv",
                     f"{self.folder}/s*.csv", f"file://{self.secret}", "/etc/passwd", "/no/such.csv"):
            with self.subTest(path):
                local = sandbox.sql(f"LOAD DATA INFILE '{path}' INTO TABLE t OPTIONS(load_mode='local')")
                self.assertIn("these folders only", local["msg"])
                self.assertEqual(sandbox.job(f"LOAD DATA INFILE '{path}' INTO TABLE t"), "FAILED")
        self.assertEqual(sandbox.ok("SELECT * FROM t"), [])
        sandbox.ok("INSERT INTO t VALUES ('attacker')")
        for path in (f"{self.folder}/written", f"{self.given}/folder/written", f"{self.given}/../written"):
            with self.subTest(path):
                answer = sandbox.sql(f"SELECT * FROM t INTO OUTFILE '{path}'")
                self.assertIn("these folders only", answer["msg"])
                sandbox.job(f"SELECT * FROM t INTO OUTFILE '{path}'")
        self.assertFalse((self.folder / "written").exists())

    def test_given_folders_are_read_and_written(self):
        sandbox = self.start()
        (self.given / "in.csv").write_text("s\nmine")
        sandbox.ok("CREATE DATABASE demo_db")
        sandbox.ok("CREATE TABLE t(s string)")
        sandbox.ok(f"LOAD DATA INFILE '{self.given}/i*.csv' INTO TABLE t OPTIONS(load_mode='local')")
        sandbox.ok(f"SELECT * FROM t INTO OUTFILE '{self.given}/out'")
        self.assertEqual((self.given / "out").read_text(), "s\nmine")

    def test_the_root_of_the_file_system_cannot_be_given(self):
        done = subprocess.run([sys.executable, str(PACKAGES / "openmldb_sandbox"), "--allow-dir", "/"], capture_output=True,
                              text=True, timeout=DEADLINE_S)
        self.assertEqual(done.returncode, 2)
        self.assertIn("every file of this machine", done.stderr)


if __name__ == "__main__":
    unittest.main()
