"""What a worker that cannot start says: the thing, the place and the way out, in one line, and an exit code."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from replay_case import DEADLINE, find_binary, wait_for
from zookeeper_server import ZookeeperServer, free_port

USAGE, ENVIRONMENT = 2, 3  # src/cli/console.h


class Knocking(threading.Thread):
    """Takes a port, closes whatever connects there, and counts it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.count = 0
        self.start()

    def run(self):
        try:
            while True:
                self.listener.accept()[0].close()
                self.count += 1
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join()


class WorkerStart(unittest.TestCase):
    def setUp(self):
        self.binary = find_binary()
        self.folder = Path(tempfile.mkdtemp(prefix="porpoise-start-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        # Nothing of the developer's own; a ZooKeeper that is not there is tried for ever.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}

    def flags(self, **changed):
        flags = {"zookeeper": "127.0.0.1:1", "listen": f"127.0.0.1:{free_port()}", "http": "none",
                 "data_dir": self.folder / "data", "log_dir": self.folder / "logs", **changed}
        return [f"--{name.replace('_', '-')}={value}" for name, value in flags.items() if value is not None]

    def refusal(self, *argv, before=(), **environment):
        """The one line on standard error, and the exit code, of a worker that ends by itself."""
        done = subprocess.run([*before, self.binary, "worker", *argv], env={**self.environment, **environment},
                              cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertTrue(lines[0].startswith("porpoise: "), lines[0])
        return lines[0][len("porpoise: "):], done.returncode

    def start(self, *argv):
        """A worker that goes on, and the file with what it says."""
        log = self.folder / f"worker-{len(list(self.folder.iterdir()))}.log"
        with open(log, "wb") as out:
            process = subprocess.Popen([self.binary, "worker", *argv], env=self.environment,
                                       cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, log

    def as_nobody(self):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            raise unittest.SkipTest("only root, with setpriv, can be somebody who may not do it")
        nobody = ("setpriv", "--reuid", "nobody", "--clear-groups", "--")
        if subprocess.run([*nobody, "test", "-x", self.binary], stderr=subprocess.DEVNULL).returncode != 0:
            raise unittest.SkipTest(f"user nobody may not run {self.binary}")
        return nobody

    # --- what is on this machine ---

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.assertEqual(self.refusal(*self.flags(listen=address)), (
                f"cannot listen on {address}: Address already in use; choose another address with the key 'listen'",
                ENVIRONMENT))

    def test_an_http_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.assertEqual(self.refusal(*self.flags(http=address)), (
                f"cannot serve health and metrics on {address}: Address already in use; "
                "choose another address with the key 'http'", ENVIRONMENT))

    def test_an_address_that_is_not_this_machines(self):
        text, code = self.refusal(*self.flags(listen="192.0.2.1:1234"))
        self.assertIn("cannot listen on 192.0.2.1:1234: Cannot assign requested address", text)
        self.assertIn("'listen'", text)
        self.assertEqual(code, ENVIRONMENT)

    def test_a_machine_without_an_address_to_register(self):
        alone = ("unshare", "--net", "--")
        if not shutil.which("unshare") or subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            raise unittest.SkipTest("only who may unshare(1) the network has a machine without one")
        text, code = self.refusal(*self.flags(listen="0.0.0.0:1234"), before=alone)
        self.assertEqual(text, "no network interface has an IPv4 address; give --advertise-address HOST:PORT")
        self.assertEqual(code, ENVIRONMENT)

    def test_folders_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        for key in ("data-dir", "log-dir"):
            place = self.folder / "file" / "folder"
            text, code = self.refusal(*self.flags(**{key.replace("-", "_"): place}))
            self.assertIn(f"cannot write to {place}: Not a directory; let user ", text)
            self.assertIn(f"choose another folder with the key '{key}'", text)
            self.assertEqual(code, ENVIRONMENT)

    def test_folders_of_somebody_else(self):
        nobody = self.as_nobody()
        for key in ("data-dir", "log-dir"):
            self.folder.chmod(0o777)
            place = self.folder / key
            place.mkdir(mode=0o755)
            text, code = self.refusal(*self.flags(**{key.replace("-", "_"): place}), before=nobody)
            self.assertEqual(text, f"cannot write to {place}: Permission denied; let user nobody write there, or "
                                   f"choose another folder with the key '{key}'")
            self.assertEqual(code, ENVIRONMENT)

    def test_a_data_folder_of_another_users_worker(self):
        """Root replaced the key of the user's results, and the next start of the user that of root."""
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can give a file to somebody else")
        data = self.folder / "data"
        data.mkdir()
        (data / "seal.json").write_text("{}")
        shutil.chown(data / "seal.json", "nobody")
        text, code = self.refusal(*self.flags())
        self.assertEqual(text, f"{data} is the data folder of a worker of user nobody; start this one as nobody, or give "
                               "the whole folder to root (chown -R) when no task runs")
        self.assertEqual(code, ENVIRONMENT)
        self.assertEqual((data / "seal.json").read_text(), "{}")

    def test_a_task_host_that_is_missing(self):
        text, code = self.refusal(*self.flags(), PORPOISE_HOST="/nowhere/porpoise-host")
        self.assertEqual(text, "no task host at /nowhere/porpoise-host; set PORPOISE_HOST to the program porpoise-host")
        self.assertEqual(code, ENVIRONMENT)

    def test_root_without_a_way_to_become_anybody_else(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("it is about a worker that is root")
        text, code = self.refusal(*self.flags(sudo="false", allow_root_tenant="false"))
        self.assertEqual(text, "every task would run as root, as the worker is root and becomes no tenant (sudo: "
                               "false), which this worker does not do: start the worker as another user, or allow it "
                               "(allow-root-tenant: true)")
        self.assertEqual(code, ENVIRONMENT)

    # --- what it is told ---

    def test_a_key_that_does_not_exist(self):
        config = self.folder / "porpoise.yaml"
        config.write_text("worker:\n  zookeeper: 127.0.0.1:1\n  exec-thread: 3\n")
        self.assertEqual(self.refusal(f"--config={config}"), (
            f"{config} line 3: unknown key 'exec-thread' (did you mean 'exec-threads'?)", USAGE))
        self.assertEqual(self.refusal(*self.flags(), PORPOISE_EXEC_THREAD="3"), (
            "environment PORPOISE_EXEC_THREAD: no such key (did you mean 'PORPOISE_EXEC_THREADS'?)", USAGE))

    def test_a_config_file_that_is_missing_or_closed(self):
        text, code = self.refusal("--config=/nowhere/porpoise.yaml")
        self.assertIn("--config: File does not exist: /nowhere/porpoise.yaml", text)
        self.assertEqual(code, USAGE)
        nobody = self.as_nobody()
        config = self.folder / "porpoise.yaml"
        config.write_text("worker: {}\n")
        config.chmod(0o600)
        text, code = self.refusal(f"--config={config}", before=nobody)
        self.assertEqual(text, f"cannot open {config}: Permission denied; let the user that runs porpoise read it")
        self.assertEqual(code, USAGE)

    def test_a_config_file_that_others_can_change(self):
        config = self.folder / "porpoise.yaml"
        config.write_text("worker: {}\n")
        config.chmod(0o666)
        self.assertEqual(self.refusal(f"--config={config}", *self.flags()), (
            f"another user could change what is run, and as whom, in {config}: the file is writable by everybody; "
            f"run: chmod o-w '{config}'", USAGE))
        nobody = self.as_nobody()
        config.chmod(0o644)
        os.chown(config, 1, 1)
        text, code = self.refusal(f"--config={config}", *self.flags(), before=nobody)
        self.assertIn("belongs to another user (uid 1); it must be yours or root's; run: chown root", text)
        self.assertEqual(code, USAGE)

    def test_values_that_make_no_sense(self):
        for key, value, what in (
                ("zookeeper", "127.0.0.1:99999", "HOST[:PORT],HOST[:PORT],... and perhaps a /folder"),
                ("zookeeper", "zk:1:2", "HOST[:PORT],HOST[:PORT],... and perhaps a /folder"),
                ("zookeeper", "zk/a//b", "HOST[:PORT],HOST[:PORT],... and perhaps a /folder"),
                ("listen", "127.0.0.1:99999", "HOST:PORT with one colon and a port from 0 to 65535"),
                ("http", "127.0.0.1:99999", "HOST:PORT with one colon and a port from 0 to 65535"),
                ("advertise-address", "0.0.0.0", "HOST:PORT with one colon and a port from 1 to 65535"),
                ("exec-threads", "0", "a whole number from 1 to 10000")):
            with self.subTest(key=key, value=value):
                text, code = self.refusal(*self.flags(**{key.replace("-", "_"): value}))
                self.assertIn(f"flag --{key}: {key} '{value}' is not {what}", text)
                self.assertEqual(code, USAGE)

    def test_a_digest_that_is_none_is_not_repeated(self):
        text, code = self.refusal(*self.flags(zookeeper_digest="secret"))
        self.assertEqual(text, "flag --zookeeper-digest: zookeeper-digest '****' is not USER:PASSWORD")
        self.assertEqual(code, USAGE)

    # --- what comes later ---

    def test_a_zookeeper_that_comes_late_is_waited_for_and_missed_once(self):
        knocking = Knocking()
        process, log = self.start(*self.flags(zookeeper=f"127.0.0.1:{knocking.port}"))
        wait_for(lambda: knocking.count >= 4, "a fourth attempt")
        missed = re.findall(r".* ERROR .*", log.read_text())
        self.assertEqual(len(missed), 1, log.read_text())
        self.assertIn(f"cannot reach ZooKeeper at 127.0.0.1:{knocking.port}", missed[0])
        self.assertIn("trying on", missed[0])
        self.assertIn("'zookeeper'", missed[0])
        knocking.stop()
        ZookeeperServer(self, knocking.port)
        wait_for(lambda: " INFO  registered" in log.read_text(), "the registration")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0, log.read_text())

    def test_a_digest_that_zookeeper_does_not_take_is_named(self):
        zookeeper = ZookeeperServer(self).address
        first, log = self.start(*self.flags(zookeeper=zookeeper, zookeeper_digest="ds:right"))
        wait_for(lambda: " INFO  registered" in log.read_text(), "the first registration")
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(DEADLINE), 0)
        second, log = self.start(*self.flags(zookeeper=zookeeper, zookeeper_digest="ds:wrong"))
        line = wait_for(lambda: re.search(r".* ERROR .*", log.read_text()), "a word about the digest")[0]
        self.assertRegex(line, r"cannot \w+ /dolphinscheduler/nodes/worker\S*: not authenticated")
        self.assertIn("'zookeeper-digest'", line)
        self.assertNotIn("wrong", log.read_text())
        second.send_signal(signal.SIGTERM)
        self.assertEqual(second.wait(DEADLINE), 0, log.read_text())


if __name__ == "__main__":
    unittest.main()
