"""F15: the disk of the logs, or of state and working directories, is full: a named state, and well with space again.

A small tmpfs, so it takes root; tests/unit/workspace/task_log_test.cc has a disk that fails for everybody.
"""

import os
import subprocess
import unittest

from fault_case import FaultCase
from frames import SUCCESS
from waiting import until


class Full(FaultCase):
    folder = ""  # below the worker's place

    def prepare(self):
        """The worker is made in a place whose `folder` is a disk of 2 MiB."""
        self.disk = None
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")

    def new_worker(self, **flags):
        worker = super().new_worker(**flags)
        self.disk = worker.plane.run / self.folder
        self.disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", self.disk], capture_output=True,
                              text=True)
        if done.returncode != 0:
            self.skipTest(f"no small disk can be mounted here: {done.stderr.strip()}")
        self._closing.insert(0, lambda: subprocess.run(["umount", "-l", self.disk], check=False))
        return worker

    def fill(self):
        with (self.disk / "filler").open("wb", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    pass

    def relieve(self):
        (self.disk / "filler").unlink()


class OfLogs(Full):
    folder = "task-log"

    def test_tasks_go_on_and_the_log_says_what_it_lost(self):
        gate, wait = self.gate()
        task, = self.start_tasks(1, f"echo before; {wait}; seq 200000; echo after")
        self.fill()
        self.assertEqual(self.run_task("echo unheard")[1], SUCCESS, "a task without a log runs all the same")
        gate.touch()
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.relieve()
        heard, status = self.run_task("echo heard")
        self.assertEqual(status, SUCCESS)
        self.assertIn("heard", heard.log_path(self.worker.log_dir).read_text())


class OfState(Full):
    folder = "data"

    def test_what_runs_ends_well_and_what_comes_is_refused_until_there_is_space(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(3, wait)
        self.fill()
        refused = self.task("true")
        self.master.dispatch(refused)
        self.history.wait("REJECT", refused.id)
        self.assertEqual(self.history.begun(refused.id), [])
        gate.touch()
        for task in tasks:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.relieve()
        self.master.dispatch(refused)  # as a 3.1 master does with what was rejected
        self.assertEqual(self.history.result(refused.id).status, SUCCESS)

    def test_results_that_could_not_be_written_come_again_until_they_are_acknowledged(self):
        self.master.acks.drop = 1
        gate, wait = self.gate()
        task, = self.start_tasks(1, wait)
        self.fill()
        gate.touch()
        self.history.wait("RESULT", task.id, count=2)
        self.history.wait("ACK", task.id, of="RESULT")
        until(lambda: not self.worker.state(task.id).exists(), "the end of its folder", 30)
        self.relieve()


if __name__ == "__main__":
    unittest.main()
