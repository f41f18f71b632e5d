"""F21 and P8: after a storm of short tasks, with the daemon killed in between or not, everything is as before.

A thousand tasks always; `./run soak` makes it minutes.
"""

import unittest
from time import monotonic

from fault_case import SOAK, FaultCase
from frames import SUCCESS
from waiting import until

BATCH = 50
BATCHES = 10  # of the fast set
GROWTH = 16 * 1024  # KiB: what an allocator keeps, and the memory of results told lately


class Storm(FaultCase):
    flags = {"exec_threads": 32, "full_policy": "CONTINUE"}

    def setUp(self):
        super().setUp()
        self.master.look_for_survivors = False  # a look at /proc for each end would be the slowest part

    def test_short_tasks_leave_nothing_behind(self):
        self._batches(2)
        before = self._levels_now()
        began, count = monotonic(), 0
        while count < BATCHES or monotonic() - began < SOAK * 60 / 6:
            self._batches(1)
            count += 1
        took = monotonic() - began
        after = self._levels_now()
        self.measured("storm of short tasks", f"{count * BATCH} in {took:.0f} s, {count * BATCH / took:.0f} a second")
        self.measured("resident memory before and after", f"{before['rss']} and {after['rss']} KiB")
        self.assertLess(after["rss"] - before["rss"], GROWTH)
        self.assertEqual(list((self.worker.data / "tasks").iterdir()), [], "no state is left")

    def test_the_daemon_is_killed_again_and_again(self):
        began, kills = monotonic(), 0
        while kills < 10 or monotonic() - began < SOAK * 60 * 2 / 3:
            tasks = [self.task("true") for _ in range(BATCH)]
            self._dispatch(tasks)
            until(lambda: any(self.history.begun(task.id) for task in tasks), "some beginning", 60, 0.005)
            self.worker.kill_hard()
            self.worker.restart()
            self.master.connect(self.worker.port)
            kills += 1
            # What was in the dead daemon's socket never came: a 3.1 master finds out by a failed write or not at all.
            missing = [task for task in tasks if not self._accepted(task)]
            if missing:
                self._dispatch(missing)
            self._ended(tasks)
        self.measured("tasks lost, tasks begun twice", f"0, 0 of {kills * BATCH} over {kills} kills")

    def _accepted(self, task):
        return self.worker.has_on_disk(task.id) or self.history.of("RESULT", task.id)

    def _batches(self, count):
        for _ in range(count):
            tasks = [self.task("true") for _ in range(BATCH)]
            self._dispatch(tasks)
            self._ended(tasks)

    def _dispatch(self, tasks):
        self.master.dispatch(*tasks)

    def _ended(self, tasks):
        for task in tasks:
            self.assertEqual(self.history.result(task.id, 180).status, SUCCESS)

    def _levels_now(self):
        self.worker.wait_metric("porpoise_results_unacked", 0)
        until(lambda: not list((self.worker.data / "tasks").iterdir()), "the end of all state", 30)
        return {"rss": self.worker.rss_kib()}


if __name__ == "__main__":
    unittest.main()
