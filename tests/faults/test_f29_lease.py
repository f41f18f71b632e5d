"""F29: a worker dies and is not started again. Its masters give its tasks to another one when its session has ended; by
then its hosts have ended them, as it does not renew its lease.
"""

import os
import signal
import unittest
from time import monotonic

from dispatch import survivors
from fault_case import FaultCase
from waiting import until

SESSION = 4


class Lease(FaultCase):
    flags = {"zookeeper_session_timeout": f"{SESSION}s", "kill_grace": "2s"}

    def worker_dies(self, script):
        task, = self.start_tasks(1, script)
        self.worker.kill_hard()
        self.given_up.add(task.id)
        return task, monotonic()

    def test_the_other_worker_does_not_run_it_beside_the_first(self):
        other = self.new_worker(**self.flags)
        other.start()
        second = self.new_master("m2")
        second.connect(other.port)
        task, died = self.worker_dies("exec -a NICKNAME sleep 600")
        until(lambda: self.worker.registration() is None, "the end of its session", 60, 0.01)
        self.measured("death of the worker to the end of its session", f"{monotonic() - died:.2f} s")
        again = self.task("sleep 0.1")
        second.dispatch(again)
        self.wait_begun(again)
        self.assertEqual(survivors(task), [], "the first execution has ended before the second one began")
        text = task.log_path(self.worker.log_dir).read_text()
        self.assertIn("the worker has not renewed its lease for", text)
        self.history.result(again.id)
        self.comes_back(task)

    def test_what_ignores_sigterm_has_its_grace_and_no_more(self):
        task, died = self.worker_dies("trap '' TERM; while :; do sleep 1; done")
        self.wait_gone(task, seconds=60)
        took = monotonic() - died
        self.measured("death of the worker to that of a task which ignores SIGTERM", f"{took:.2f} s")
        self.assertLess(took, SESSION + 2 + 3)
        self.comes_back(task)

    def test_a_task_whose_host_died_too_says_that_it_was_given_up(self):
        """It said that its host had ended without a result, and nothing of the outage."""
        task, = self.start_tasks(1, "sleep 600")
        host = self.worker.hosts()[task.id]
        self.worker.kill_hard()
        self.given_up.add(task.id)
        os.kill(host, signal.SIGKILL)
        until(lambda: self.worker.registration() is None, "the end of its session", 60, 0.02)
        self.comes_back(task)
        self.assertIn("given up: its worker was away for too long: masters run it elsewhere",
                      task.log_path(self.worker.log_dir).read_text())

    def test_a_task_of_a_worker_that_comes_back_in_time_goes_on(self):
        gate, wait = self.gate()
        task, = self.start_tasks(1, wait)
        self.worker.kill_hard()
        self.worker.restart()
        began = monotonic()
        until(lambda: monotonic() - began > 2 * SESSION, "the time of two sessions", 60)
        gate.touch()
        self.history.result(task.id)

    def comes_back(self, task):
        self.worker.restart()
        self.serves()
        self.assertEqual(self.history.of("RESULT", task.id), [], "nobody hears of what was fenced")
        until(lambda: not self.worker.has_on_disk(task.id), "the end of its state folder", 30)
        self.assertNotIn("without a result", task.log_path(self.worker.log_dir).read_text())


class Keep(FaultCase):
    flags = {"zookeeper_session_timeout": "2s", "on_session_expired": "keep"}

    def test_tasks_that_are_kept_go_on_without_a_worker(self):
        gate, wait = self.gate()
        task, = self.start_tasks(1, wait)
        self.worker.kill_hard()
        until(lambda: self.worker.registration() is None, "the end of its session", 60, 0.02)
        began = monotonic()
        until(lambda: monotonic() - began > 4, "the time of two sessions", 60)
        self.assertTrue(survivors(task))
        self.worker.restart()
        gate.touch()
        self.history.result(task.id)


if __name__ == "__main__":
    unittest.main()
