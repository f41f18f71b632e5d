"""F02: kill -9 of a task host: its whole tree ends, the master hears why, others do not notice."""

import os
import signal
import unittest
from time import monotonic

from fault_case import FaultCase
from frames import FAILURE, SUCCESS
from dispatch import survivors
from waiting import until

TREE = "sleep 600 & setsid sleep 600 & (setsid sleep 600 &) ; sleep 600"


class HostKilled(FaultCase):
    def test_its_tree_ends_and_the_task_fails_by_name(self):
        gate, wait = self.gate()
        other, = self.start_tasks(1, wait)
        task, = self.start_tasks(1, TREE)
        until(lambda: len(survivors(task)) >= 4, "the whole tree", 60)
        began = monotonic()
        os.kill(self.worker.hosts()[task.id], signal.SIGKILL)
        self.assertEqual(self.history.result(task.id).status, FAILURE)
        self.measured("kill -9 of a host to RESULT, with its tree verified dead", f"{monotonic() - began:.2f} s")
        self.assertIn("signal 9", task.log_path(self.worker.log_dir).read_text())
        gate.touch()
        self.assertEqual(self.history.result(other.id).status, SUCCESS)

    def test_a_host_that_dies_while_the_daemon_is_away_is_told_as_well(self):
        task, = self.start_tasks(1, "sleep 600 & sleep 600")
        host = self.worker.hosts()[task.id]
        self.worker.kill_hard()
        os.kill(host, signal.SIGKILL)
        until(lambda: task.id not in self.worker.hosts(), "the end of the host", 30)
        self.worker.restart()
        self.assertEqual(self.history.result(task.id).status, FAILURE)
        self.assertIn("host", task.log_path(self.worker.log_dir).read_text())


if __name__ == "__main__":
    unittest.main()
