"""F07: the master dies before the result; another takes over, or it comes back."""

import unittest
from time import monotonic

from fault_case import FaultCase
from frames import KILLED, SUCCESS
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

    def test_the_log_of_an_adopted_task_names_the_master_that_had_it_killed(self):
        """It named the dead one, which had dispatched it."""
        task = self._running()
        self.worker.kill_hard()
        self.worker.restart()
        second = self._second()
        self.worker.wait_metric('porpoise_slots{state="used"}', 1)
        second.kill(task.id)
        self.history.wait("KILL_RESPONSE", task.id)
        text = task.log_path(self.worker.log_dir).read_text()
        self.assertIn(f"cancelled: killed by order of master {second.address}", text)
        self.assertNotIn(self.first_address, text[text.index("cancelled:"):])
        second.update_host(task.id, second.address)
        self.assertEqual(self.history.result(task.id).status, KILLED)

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
        self.first_address = self.master.address
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
