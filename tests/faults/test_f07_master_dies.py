"""F07: the master dies before the result; another takes over, or it comes back."""

import unittest
from time import monotonic

from fault_case import FaultCase
from frames import SUCCESS
from waiting import until


class MasterDies(FaultCase):
    def test_another_takes_the_task_over_and_hears_its_end(self):
        task = self._running()
        self.gate_file.touch()
        until(lambda: self.worker.metric("porpoise_message_sends_total") > 1, "a try to tell it", 30)
        self._took_over(task)

    def test_one_that_takes_over_a_running_task_hears_its_end(self):
        task = self._running()
        second = self._second()
        second.update_host(task.id, second.address)
        self.gate_file.touch()
        self.assertEqual(self.history.wait("RESULT", task.id)[0].master, "m2")

    def test_the_new_master_is_known_after_a_restart_as_well(self):
        task = self._running()
        second = self._second()
        second.update_host(task.id, second.address)
        until(lambda: second.address in (self.worker.state(task.id) / "master").read_text(), "the order on disk", 30)
        self.worker.kill_hard()
        self.gate_file.touch()
        until(lambda: self.history.finished(task.id), "the end of the task", 30)
        self.worker.restart()
        self.assertEqual(self.history.wait("RESULT", task.id)[0].master, "m2")

    def test_one_that_comes_back_hears_it_within_seconds(self):
        task = self._running()
        self.gate_file.touch()
        until(lambda: self.history.finished(task.id), "the end of the task", 30)
        self.worker.wait_metric('porpoise_slots{state="used"}', 0)
        self.master.listen()
        self.master.register()
        began = monotonic()
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.measured("master back to RESULT", f"{monotonic() - began:.1f} s")

    def _running(self):
        """A task whose master has died."""
        self.gate_file, wait = self.gate()
        task, = self.start_tasks(1, wait)
        self.master.die()
        return task

    def _second(self):
        second = self.new_master("m2")
        second.knows(*self.tasks.values())
        second.connect(self.worker.port)
        self.master = second
        return second

    def _took_over(self, task):
        second = self._second()
        began = monotonic()
        second.update_host(task.id, second.address)
        result = self.history.result(task.id)
        self.measured("host update to RESULT", f"{monotonic() - began:.2f} s")
        self.assertEqual((result.status, result.master), (SUCCESS, "m2"))


if __name__ == "__main__":
    unittest.main()
