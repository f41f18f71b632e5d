"""F01: kill -9 of the daemon under 20 tasks, and a start again, also of binaries from another place."""

import unittest
from time import monotonic

from fault_case import JAVA_WORKER, FaultCase
from frames import SUCCESS
from scenario import output_of
from waiting import until

TASKS = 20


class DaemonKilled(FaultCase):
    java = True

    def test_twenty_tasks_run_on_and_are_told_once_it_is_back(self):
        self._killed_under_tasks(lambda: (self.worker.kill_hard(), self.worker.restart()))

    def test_an_upgrade_adopts_them_as_well(self):
        self._killed_under_tasks(self.worker.upgrade)

    def test_what_ends_while_it_is_away_is_told_when_it_is_back(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(5, f"{wait}; echo the last line")
        self.worker.kill_hard()
        gate.touch()
        until(lambda: all(self.history.finished(task.id) for task in tasks), "the end of every task", 60)
        self.worker.restart()
        for task in tasks:
            self._ended_well(task, ["the last line"])

    def _killed_under_tasks(self, kill_and_start):
        gate, wait = self.gate()
        tasks = self.start_tasks(TASKS, f"echo before; {wait}; echo after")
        session = self.worker.registration()
        created = self._created()
        began = monotonic()
        kill_and_start()
        if not JAVA_WORKER:
            self.assertEqual(self.worker.registration(), session, "the session goes on")
            self.assertEqual(self._created(), created, "masters saw no removal")
            self.worker.wait_metric('porpoise_slots{state="used"}', TASKS)
            self.measured("kill -9 to 20 tasks adopted", f"{monotonic() - began:.2f} s")
        gate.touch()
        for task in tasks:
            self._ended_well(task, ["before", "after"])

    def _ended_well(self, task, expected):
        if JAVA_WORKER:
            return self._java_ended(task)
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.assertEqual(output_of(task.log_path(self.worker.log_dir).read_text()), expected, "no hole, no duplicate")

    def _java_ended(self, task):
        until(lambda: self.history.finished(task.id) or self.history.of("RESULT", task.id), "any end", 30)

    def _created(self):
        """When its node was made."""
        with self.world.zookeeper() as zookeeper:
            return zookeeper.created(self.worker.node)


if __name__ == "__main__":
    unittest.main()
