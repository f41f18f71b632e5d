"""F61: a successful task leaves a process behind. By default it is ended before the RESULT; by `leftovers: keep` it lives
on, whatever becomes of later tasks and of the worker, and is nobody's any more.
"""

import os
import signal
import unittest
from pathlib import Path

from fault_case import FaultCase
from frames import KILLED, SUCCESS
from waiting import until


def lives(pid):
    """A zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class LeftoversCase(FaultCase):
    def leave(self, policy=None):
        """A task that ends as SUCCESS with a process left behind; the process."""
        pid_file = self.history.marks / "left"
        task = self.task(f"nohup sleep 600 > /dev/null 2>&1 & echo $! > '{pid_file}'")
        if policy:
            task.local_params = [{"prop": "porpoise.leftovers", "direct": "IN", "type": "VARCHAR", "value": policy}]
        self.master.dispatch(task)
        result = self.history.result(task.id)
        pid = int(pid_file.read_text())
        self.addCleanup(lambda: lives(pid) and os.kill(pid, signal.SIGKILL))
        self.log = task.log_path(self.worker.log_dir).read_text()
        self.assertEqual(result.status, SUCCESS, self.log)
        self.left_by = task
        return pid

    def kept(self, policy=None):
        self.master.look_for_survivors = False  # it is one on purpose
        pid = self.leave(policy)
        self.master.look_for_survivors = True
        del self.tasks[self.left_by.id]
        self.assertTrue(lives(pid))
        self.assertIn("live on (leftovers: keep)", self.log)
        return pid

    def others_are_served(self):
        self.serves()
        victim, = self.start_tasks(1, "setsid sleep 600 & sleep 600")
        self.master.kill(victim.id)
        self.history.wait("KILL_RESPONSE", victim.id)
        self.assertEqual(self.history.result(victim.id).status, KILLED)


class Ended(LeftoversCase):
    def test_what_a_successful_task_left_is_dead_when_its_end_is_told(self):
        self.assertFalse(lives(self.leave()))


class Kept(LeftoversCase):
    def test_what_a_task_keeps_outlives_later_tasks_kills_and_the_worker(self):
        pid = self.kept("keep")
        self.others_are_served()
        self.assertTrue(lives(pid), "after a kill of another task")
        self.worker.wait_metric('porpoise_slots{state="used"}', 0)
        until(lambda: not self.worker.has_on_disk(self.left_by.id), "the end of its state folder", 30)
        self.worker.kill_hard()
        self.worker.restart()
        self.master.connect(self.worker.port)
        self.others_are_served()
        self.assertTrue(lives(pid), "after a restart of the worker")

    def test_a_kill_of_the_task_that_left_it_is_answered_and_does_not_end_it(self):
        pid = self.kept("keep")
        self.master.kill(self.left_by.id)
        self.history.wait("KILL_RESPONSE", self.left_by.id)
        self.assertTrue(lives(pid), "it belongs to no task any more")


class KeptByTheWorker(LeftoversCase):
    flags = {"leftovers": "keep"}

    def test_the_worker_keeps_what_its_tasks_leave(self):
        pid = self.kept()
        self.others_are_served()
        self.assertTrue(lives(pid))

    def test_a_task_may_want_it_ended(self):
        self.assertFalse(lives(self.leave("end")))


if __name__ == "__main__":
    unittest.main()
