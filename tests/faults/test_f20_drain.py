"""F20: the worker is told to stop under its tasks. (Half-made deployments are the plugin's: README.md.)"""

import signal
import unittest
from time import monotonic

from dispatch import survivors
from fault_case import FaultCase
from frames import SUCCESS
from waiting import until


class Drain(FaultCase):
    heals = False  # it is gone at the end

    def test_one_signal_lets_tasks_finish_and_refuses_new_ones(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(3, wait)
        self.worker.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in self.worker.text(), "a word about it", 30)
        late = self.task("true")
        self.master.dispatch(late)
        self.history.wait("REJECT", late.id)
        gate.touch()
        self.assertEqual(self.worker.process.wait(60), 0)
        for task in tasks:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.assertEqual(self.history.begun(late.id), [])
        self.assertIsNone(self.worker.registration())

    def test_a_second_signal_ends_them_and_tells_nobody(self):
        tasks = self.start_tasks(3, "trap '' TERM; while :; do sleep 1; done")
        self.worker.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in self.worker.text(), "a word about it", 30)
        began = monotonic()
        self.worker.process.send_signal(signal.SIGTERM)
        self.worker.process.wait(60)
        self.measured("second SIGTERM to the end, three stubborn tasks", f"{monotonic() - began:.2f} s")
        for task in tasks:
            self.assertEqual(survivors(task), [])
            self.assertEqual(self.history.of("RESULT", task.id), [])
        self.given_up.update(task.id for task in tasks)
        self.assertIsNone(self.worker.registration(), "masters run them elsewhere at once")

    def test_a_kill_in_the_midst_of_it_is_a_crash_like_any_other(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(3, wait)
        self.worker.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in self.worker.text(), "a word about it", 30)
        self.worker.kill_hard()
        self.worker.restart()
        gate.touch()
        for task in tasks:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)


if __name__ == "__main__":
    unittest.main()
