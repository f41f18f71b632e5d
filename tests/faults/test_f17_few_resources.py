"""F17: few descriptors, few processes: tasks fail by name, nothing spins, and all is well with resources again."""

import os
import pwd
import resource
import shutil
import socket
import subprocess
import unittest
from pathlib import Path
from time import monotonic

from fault_case import FaultCase
from frames import FAILURE, SUCCESS
from porpoise_worker import binary
from waiting import until

DESCRIPTORS = 64
TICKS = os.sysconf("SC_CLK_TCK")


class FewDescriptors(FaultCase):
    def new_worker(self, **flags):
        return super().new_worker(prefix=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", "--"], **flags)

    def test_more_tasks_than_descriptors(self):
        gate, wait = self.gate()
        tasks = [self.task(wait) for _ in range(40)]
        self.master.dispatch(*tasks)
        until(lambda: all(self.history.begun(task.id) or self.history.of("RESULT", task.id)
                          or self.history.of("REJECT", task.id) for task in tasks), "an answer for each", 120)
        gate.touch()
        for task in tasks:
            if not self.history.of("REJECT", task.id):
                self.history.result(task.id)
        states = [self.history.of("RESULT", task.id)[0].status for task in tasks if self.history.of("RESULT", task.id)]
        self.measured(f"40 tasks at once with {DESCRIPTORS} descriptors", f"{states.count(SUCCESS)} succeed, "
                      f"{states.count(FAILURE)} fail, {40 - len(states)} are rejected")
        for task in tasks:
            if self.history.of("RESULT", task.id, status=FAILURE):
                self.assertRegex(self._told_of(task), "Too many open files|cannot")

    def test_more_connections_than_descriptors(self):
        connections = [socket.create_connection(("127.0.0.1", self.worker.port), timeout=10) for _ in range(100)]
        until(lambda: "too many" in self.worker.text(), "a word about it", 60)
        self.assertEqual(self.run_task("true")[1], SUCCESS, "its descriptors are not theirs to take")
        for connection in connections:
            connection.close()

    def test_no_descriptor_at_all_is_left(self):
        resource.prlimit(self.worker.process.pid, resource.RLIMIT_NOFILE, (self.worker.descriptors(), DESCRIPTORS))
        connections = [socket.create_connection(("127.0.0.1", self.worker.port), timeout=10) for _ in range(5)]
        until(lambda: "cannot accept" in self.worker.text(), "a word about it", 60)
        used, began = self._cpu(), monotonic()
        task = self.task("true")  # on the master's connection, which is there already
        self.master.dispatch(task)
        until(lambda: monotonic() - began > 3, "time passes", 30)
        self.measured("processor time while nothing can be accepted",
                      f"{(self._cpu() - used) / (monotonic() - began):.0%}")
        resource.prlimit(self.worker.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        began = monotonic()
        if self.history.wait_any(("REJECT", "RESULT"), task.id).kind == "REJECT":
            self.master.dispatch(task)
            self.history.result(task.id)
        self.measured("relief to an answer", f"{monotonic() - began:.1f} s")
        self.assertLess(self.worker.text().count("cannot accept"), 5, "said once, not at each attempt")
        for connection in connections:
            connection.close()

    def _told_of(self, task):
        """By the worker's log alone, where no descriptor was left for the task's own."""
        log = task.log_path(self.worker.log_dir)
        lines = [line for line in self.worker.text().splitlines() if str(task.id) in line]
        return "\n".join(lines) + (log.read_text() if log.exists() else "")

    def _cpu(self):
        fields = Path(f"/proc/{self.worker.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class FewProcesses(FaultCase):
    """Of a user of its own, for root has no such limit."""

    flags = {"sudo": "false"}

    def prepare(self):
        self.user = pwd.getpwuid(os.geteuid()) if os.geteuid() != 0 else self._nobody()

    def new_worker(self, **flags):
        worker = super().new_worker(prefix=self._as_user(), **flags)
        if os.geteuid() == 0:
            for folder in (worker.plane.run, self.history.marks):
                os.chown(folder, self.user.pw_uid, self.user.pw_gid)
            worker._binary = str(self._copy(worker.plane.run))
            worker.variables["PORPOISE_PLUGIN_PATH"] = str(worker.plane.run / "plugins")
        return worker

    def test_no_process_can_be_started(self):
        self._limit(1)
        task = self.task("true")
        self.master.dispatch(task)
        # Without a thread that could write it down, the task is its master's again.
        answer = self.history.wait_any(("REJECT", "RESULT"), task.id)
        file = task.log_path(self.worker.log_dir)
        # Not even a thread may be had that writes one.
        self.assertRegex(file.read_text() if file.exists() else self.worker.text(),
                         "(?i)cannot|Resource temporarily unavailable|was not tried")
        self._limit(2048)
        if answer.kind == "REJECT":
            self.master.dispatch(task)
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        else:
            self.assertEqual(self.history.result(task.id).status, FAILURE)

    def _limit(self, processes):
        """Of the worker's user, by itself: nobody else may, in a container."""
        pid = str(self.worker.process.pid)
        subprocess.run([*self._as_user(), "prlimit", "--pid", pid, f"--nproc={processes}:"], check=True)

    def _as_user(self):
        if os.geteuid() != 0:
            return []
        return ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups", "--"]

    def _nobody(self):
        if not shutil.which("setpriv"):
            self.skipTest("no setpriv")
        return pwd.getpwnam("nobody")

    def _copy(self, folder):
        """Where that user can read it."""
        source = Path(binary()).parent
        for program in source.glob("porpoise*"):
            shutil.copy(program, folder)
        shutil.copytree(source.parent / "lib" / "porpoise" / "plugins", folder / "plugins")
        reach = subprocess.run([*self._as_user(), folder / "porpoise", "--version"], capture_output=True)
        if reach.returncode != 0:
            self.skipTest(f"{self.user.pw_name} cannot reach {folder}")
        return folder / "porpoise"


if __name__ == "__main__":
    unittest.main()
