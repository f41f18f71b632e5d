"""`porpoise doctor` without a name: a real ZooKeeper, a dead one, one that hangs, folders that are full or read-only, clocks and
time zones that are wrong, and a bundle without secrets."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

from replay_case import find_binary
from zookeeper_server import ZookeeperServer, free_port

sys.path.append(str(Path(__file__).resolve().parents[1] / "interop"))

from zk_client import ZooKeeper  # noqa: E402

WARNINGS, FAULTS = 1, 3


class DoctorCase(unittest.TestCase):
    def setUp(self):
        self.binary = find_binary()
        self.folder = Path(tempfile.mkdtemp(prefix="porpoise-doctor-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}

    def argv(self, zookeeper, **changed):
        flags = {"zookeeper": zookeeper, "listen": f"127.0.0.1:{free_port()}", "data_dir": self.folder / "data",
                 "log_dir": self.folder / "logs", **changed}
        return [self.binary, "doctor", *(f"--{name.replace('_', '-')}={value}" for name, value in flags.items())]

    def run_doctor(self, argv, *more):
        begin = time.monotonic()
        done = subprocess.run([*argv, *more], env=self.environment, cwd="/", stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=90)
        self.took = time.monotonic() - begin
        self.assertEqual(done.stderr, "")
        return done.stdout, done.returncode

    def findings(self, argv):
        """Of the JSON: (verdict, area, what and mend) each, and the exit code."""
        text, code = self.run_doctor(argv, "--json")
        return [(one["verdict"], one["area"], one["what"] + " -> " + one["mend"]) for one in json.loads(text)["findings"]], code

    def assert_finding(self, findings, verdict, area, text):
        self.assertTrue(any(one[:2] == (verdict, area) and text in one[2] for one in findings),
                        f"no {verdict} of {area} with {text!r} in\n" + "\n".join(map(str, findings)))


class WithoutCluster(DoctorCase):
    def test_zookeeper_is_away(self):
        findings, code = self.findings(self.argv("127.0.0.1:1"))
        self.assertEqual(code, FAULTS)
        self.assert_finding(findings, "FAULT", "ZooKeeper", "127.0.0.1:1 gives no session within 8 s: ")
        self.assert_finding(findings, "FAULT", "ZooKeeper", "the key 'zookeeper'")
        self.assert_finding(findings, "ok", "data folder", "can be made")  # all else is looked at nevertheless

    def test_zookeeper_takes_connections_and_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            findings, code = self.findings(self.argv(f"127.0.0.1:{silent.getsockname()[1]}"))
        self.assertEqual(code, FAULTS)
        self.assert_finding(findings, "FAULT", "ZooKeeper", "gives no session within 8 s")
        self.assertLess(self.took, 60)

    def test_a_port_that_another_program_has(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            findings, code = self.findings(self.argv("127.0.0.1:1", listen=f"127.0.0.1:{other.getsockname()[1]}"))
        self.assertEqual(code, FAULTS)
        self.assert_finding(findings, "FAULT", "port", "the key 'listen'")

    def test_folders_that_are_full_or_read_only(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("only root can mount a file system that is full")
        for name in ("data", "logs"):
            (self.folder / name).mkdir()
        mounts = (f"mount -t tmpfs -o size=64k none {self.folder}/data && "
                  f"mount -t tmpfs -o ro none {self.folder}/logs && exec \"$@\"")
        findings, code = self.findings(["unshare", "-m", "sh", "-c", mounts, "sh", *self.argv("127.0.0.1:1")])
        self.assertEqual(code, FAULTS)
        self.assert_finding(findings, "FAULT", "data folder", "is full: 0 MiB free")
        self.assert_finding(findings, "warning", "data folder", "on tmpfs: it is empty after a restart")
        self.assert_finding(findings, "FAULT", "log folder", "Read-only file system")

    def test_a_time_zone_that_there_is_not(self):
        findings, code = self.findings(self.argv("127.0.0.1:1", time_zone="Mars/Phobos"))
        self.assertEqual(code, FAULTS)
        self.assert_finding(findings, "FAULT", "time zone", 'unknown time zone "Mars/Phobos"')

    def test_wrong_options_are_said_and_the_help_names_doctors_of_plugins(self):
        done = subprocess.run([self.binary, "doctor", "--jason"], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--jason", done.stderr)
        help_text, code = self.run_doctor([self.binary, "doctor"], "--help")
        self.assertEqual(code, 0)
        for text in ("--bundle FILE", "--zookeeper", "Exit codes:", "  openmldb\n"):
            self.assertIn(text, help_text)


class WithZooKeeper(DoctorCase):
    @classmethod
    def setUpClass(cls):
        class Owner:  # of the server, whose cleanups are the class's
            addCleanup = cls.addClassCleanup

        cls.zookeeper = ZookeeperServer(Owner)

    def setUp(self):
        super().setUp()
        self.name_space = "ds-" + self._testMethodName
        self.address = self.zookeeper.address

    def argv(self, **changed):
        return super().argv(self.address, zookeeper_namespace=self.name_space, **changed)

    def register_master(self, behind_s=0):
        """A master that listens, and has written its heartbeat just now, by its own clock."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        master = f"127.0.0.1:{listener.getsockname()[1]}"
        with ZooKeeper(self.zookeeper.port) as client:
            client.create(f"/{self.name_space}/nodes/worker")
            client.create(f"/{self.name_space}/nodes/master/{master}",
                          json.dumps({"startupTime": 1, "reportTime": int((time.time() - behind_s) * 1000)}).encode())
        return master

    def test_a_cluster_that_anybody_may_join(self):
        master = self.register_master()
        findings, code = self.findings(self.argv())
        self.assertEqual(code, WARNINGS, findings)
        self.assert_finding(findings, "ok", "ZooKeeper", "gives a session of")
        self.assert_finding(findings, "ok", "ZooKeeper", f"nodes can be made in /{self.name_space}")
        self.assert_finding(findings, "ok", "ZooKeeper", "1 master is registered")
        self.assert_finding(findings, "warning", "ZooKeeper", "everybody who reaches ZooKeeper can register as a master")
        self.assert_finding(findings, "ok", "clock", "the clock of ZooKeeper agrees")
        self.assert_finding(findings, "ok", "clock", f"the heartbeat of master {master} agrees")
        self.assert_finding(findings, "ok", "port", "is free")
        self.assert_finding(findings, "ok", "address", "which leads here from this machine")
        self.assert_finding(findings, "ok", f"master {master}", "is reached")
        with ZooKeeper(self.zookeeper.port) as client:
            self.assertEqual(client.children(f"/{self.name_space}"), ["nodes"])  # nothing is left behind

    def test_a_master_whose_clock_is_a_time_zone_away(self):
        master = self.register_master(behind_s=8 * 3600)
        findings, code = self.findings(self.argv())
        self.assertEqual(code, FAULTS)
        self.assert_finding(findings, "FAULT", "clock", f"the heartbeat of master {master} is 28800 s behind")
        self.assert_finding(findings, "FAULT", "clock", "looks like a time zone")

    def test_a_namespace_that_no_master_uses(self):
        findings, code = self.findings(self.argv())
        self.assertEqual(code, WARNINGS)
        self.assert_finding(findings, "warning", "ZooKeeper", "no master has ever registered")

    def test_a_bundle_has_no_secrets(self):
        self.register_master()
        bundle = self.folder / "porpoise.tar"
        text, _ = self.run_doctor(self.argv(zookeeper_digest="worker:s3cr3t-word"), "--bundle", str(bundle))
        self.assertIn("Faults: ", text)
        self.assertNotIn(b"s3cr3t-word", bundle.read_bytes())
        self.assertEqual(bundle.stat().st_mode & 0o777, 0o600)
        with tarfile.open(bundle) as tar:
            self.assertEqual(tar.getnames(), ["doctor.json", "config.json", "system.txt", "tasks.txt"])
            settings = json.load(tar.extractfile("config.json"))["settings"]
            self.assertIn("****", [one["value"] for one in settings if one["key"] == "zookeeper-digest"])
            self.assertIn(self.name_space, tar.extractfile("doctor.json").read().decode())


if __name__ == "__main__":
    unittest.main()
