"""F47: a task against its worker, and against another task, where the worker is root, where it uses sudo, and where all
are one user: with Landlock, and without.
"""

import ctypes
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from fault_case import FaultCase
from frames import FAILURE, SUCCESS
from porpoise_worker import binary

SECRET = "canary-of-the-registry"
INTRUDER = Path(__file__).with_name("intruder.py")
ATTACKS = ("configuration", "key", "session", "request", "log of another", "folder of another", "memory of the worker",
           "environment of the worker", "descriptors of the worker", "memory of a host", "order to a host",
           "forged result", "signal to the worker", "signal to a host")
CREATE_RULESET, ASK_VERSION = 444, 1


def landlock_abi():
    return max(ctypes.CDLL(None, use_errno=True).syscall(CREATE_RULESET, None, 0, ASK_VERSION), 0)


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


class Intruded(FaultCase):
    """`succeeds`: what a task achieves in this mode; everything else is refused."""

    victim, intruder = "nobody", "games"
    works = ("own folder",)  # what is its good right
    succeeds = ()
    told = SUCCESS  # of the victim

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can start workers of several users")
        for user in {self.victim, self.intruder}:
            try:
                pwd.getpwnam(user)
            except KeyError:
                self.skipTest(f"no user {user}")
        super().setUp()

    def prepare(self):
        self.history.marks.chmod(0o777)

    def new_worker(self, **flags):
        worker = super().new_worker(prefix=self.prefix(), **flags)
        worker.config = worker.plane.run / "conf" / "secret.yaml"
        worker.config.write_text(f"worker:\n  resources: {{secret-key: {SECRET}, access-key: somebody}}\n")
        worker.config.chmod(0o640)
        worker.extra["config"] = worker.config
        self.give(worker)
        return worker

    def prefix(self):
        return []

    def give(self, worker):
        """Files of the worker to its user."""

    def task(self, script="", **context):
        return super().task(script, **{"tenantCode": self.intruder, **context})

    def intrude(self):
        gate, wait = self.gate()
        victim = self.task(f"echo mine > secret-of-the-victim; {wait}", tenantCode=self.victim)
        self.master.dispatch(victim)
        self.wait_begun(victim)
        # Not from its folder, which the users of these tests may not enter.
        text = shlex.quote(INTRUDER.read_text())
        arguments = [self.worker.process.pid, victim.id, self.worker.data, victim.log_path(self.worker.log_dir),
                     self.worker.config]
        # In pieces, so that the intruder does not find its own argument.
        task, status = self.run_task(f"python3 -c {text} {shlex.join(map(str, arguments))} 'canary''-of-the-registry'")
        log = task.log_path(self.worker.log_dir).read_text()
        gate.touch()
        result = self.history.result(victim.id)
        return log, status, result.status, victim

    def check(self):
        log, status, told, victim = self.intrude()
        self.assertEqual(status, SUCCESS, log)
        seen = dict(re.findall(r"([a-z][a-z ]+): (done|refused)$", log, re.MULTILINE))
        expected = dict.fromkeys(("stderr", *ATTACKS), "refused")
        self.assertEqual(seen, {**expected, **dict.fromkeys((*self.works, *self.succeeds), "done")}, log)
        self.assertEqual(told, self.told)
        return victim


class UnderRoot(Intruded):
    def test_a_tenant_is_refused_everything(self):
        self.check()


class UnderSudo(Intruded):
    flags = {"sudo": "true"}

    def setUp(self):
        for program in ("sudo", "visudo", "useradd", "userdel", "setpriv"):
            if not shutil.which(program):
                self.skipTest(f"no {program} on the PATH")
        self.user = f"pf-{os.getpid()}"
        rules = Path(f"/etc/sudoers.d/porpoise-fault-{os.getpid()}")
        made = run("useradd", "--no-create-home", self.user)
        if made.returncode != 0:
            self.skipTest(f"no users can be made here: {made.stderr.strip()}")
        self.addCleanup(run, "userdel", self.user)
        self.addCleanup(rules.unlink, missing_ok=True)
        rules.write_text(f"{self.user} ALL=({self.victim},{self.intruder}) NOPASSWD: ALL\n")
        rules.chmod(0o440)
        super().setUp()

    def prefix(self):
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--"]

    def give(self, worker):
        copy_for_others(self, worker, self.prefix())
        for path in (worker.plane.run, worker.config):
            shutil.chown(path, self.user, self.user)

    def test_a_tenant_is_refused_everything(self):
        self.check()


class OneUser(Intruded):
    victim = intruder = "nobody"
    works = ("own folder", "stderr")  # a tenant may not open the pipe anew that its worker's user has made
    flags = {"sudo": "false"}

    def prefix(self):
        return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]

    def give(self, worker):
        copy_for_others(self, worker, self.prefix())
        shutil.chown(worker.plane.run, "nobody", "nogroup")
        shutil.chown(worker.config, "root", "nogroup")

    def setUp(self):
        if not shutil.which("setpriv"):
            self.skipTest("no setpriv")
        super().setUp()


class OneUserConfined(OneUser):
    """As in the image and in the unit."""

    def test_a_task_is_kept_out_by_landlock(self):
        if landlock_abi() < 2:
            self.skipTest("no Landlock of Linux 5.19 or later: see OneUserUnconfined for what holds then")
        if landlock_abi() < 6:
            self.succeeds = ("signal to the worker", "signal to a host")
            self.told = FAILURE
        self.check()
        self.assertNotIn("run as the worker's own user", self.worker.text() if landlock_abi() >= 6 else "")


class OneUserUnconfined(OneUser):
    """What holds without Landlock, too."""

    flags = {"sudo": "false", "no_new_privs": "false"}
    succeeds = ("configuration", "key", "session", "request", "log of another", "folder of another", "forged result",
                "signal to the worker", "signal to a host")
    told = FAILURE

    def test_memory_is_closed_and_a_forged_result_fails_by_name(self):
        victim = self.check()
        self.assertIn("its result was not written by its host", victim.log_path(self.worker.log_dir).read_text())
        self.assertIn("run as the worker's own user nobody", self.worker.text(), "said at the start")


def copy_for_others(test, worker, prefix):
    """The programs, where the worker's user can read them."""
    source, folder = Path(binary()).parent, worker.plane.run
    for program in source.glob("porpoise*"):
        shutil.copy(program, folder)
    shutil.copytree(source.parent / "lib" / "porpoise" / "plugins", folder / "plugins")
    if run(*prefix, folder / "porpoise", "--version").returncode != 0:
        test.skipTest(f"another user cannot reach {folder}")
    worker._binary = str(folder / "porpoise")
    worker.variables["PORPOISE_PLUGIN_PATH"] = str(folder / "plugins")


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
