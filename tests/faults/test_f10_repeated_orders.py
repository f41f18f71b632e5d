"""F10: the same dispatch twice, and kills of what is unknown, queued, just ending, or killed already."""

import unittest

from dispatch import new_id
from fault_case import JAVA_WORKER, FaultCase
from frames import KILLED, SUCCESS
from waiting import until

RACES = 30


class RepeatedOrders(FaultCase):
    java = True
    flags = {"exec_threads": 40}

    def test_the_same_dispatch_at_once_and_after_its_end(self):
        task = self.task("sleep 0.3")
        self.master.dispatch(task, task, task)
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.history.wait("ACK", task.id, of="RESULT")
        if JAVA_WORKER:
            self._settled()
            self.measured("one dispatch sent three times at once: begun", len(self.history.begun(task.id)))
            return
        known = len(self.history.of("RESULT", task.id))
        self.master.dispatch(task)
        self.history.wait("RESULT", task.id, count=known + 1)
        self.assertEqual(len(self.history.begun(task.id)), 1)

    def test_a_kill_of_an_unknown_task_is_answered(self):
        unknown = new_id()
        self.master.kill(unknown)
        if JAVA_WORKER:
            self._settled()
            self.measured("answers to the kill of an unknown task", len(self.history.of("KILL_RESPONSE", unknown)))
            return
        self.assertEqual(self.history.wait("KILL_RESPONSE", unknown)[0].status, "KILL")

    def test_kills_that_race_with_the_end(self):
        tasks = [self.task(f"sleep 0.{number:02}") for number in range(RACES)]
        self.master.dispatch(*tasks)
        until(lambda: self.history.of("RESULT"), "the first end", 60, 0.001)
        self.master.kill(*(task.id for task in tasks))
        if JAVA_WORKER:
            self._settled()
            answers = sum(len(self.history.of("KILL_RESPONSE", task.id)) for task in tasks)
            self.measured(f"answers to {RACES} kills that race with the end", answers)
            return
        for task in tasks:
            self.history.wait("KILL_RESPONSE", task.id)
            self.assertIn(self.history.result(task.id).status, (SUCCESS, KILLED))
        states = [self.history.result(task.id).status for task in tasks]
        self.measured("kills that race with the end",
                      f"{states.count(KILLED)} killed, {states.count(SUCCESS)} succeeded")

    def test_a_second_kill_is_answered_as_well(self):
        task, = self.start_tasks(1, "sleep 600")
        self.master.kill(task.id, task.id)
        if JAVA_WORKER:
            self._settled()
            return
        self.history.wait("KILL_RESPONSE", task.id, count=2)
        self.assertEqual(self.history.result(task.id).status, KILLED)

    def test_a_kill_is_carried_out_although_the_daemon_is_killed_meanwhile(self):
        if JAVA_WORKER:
            self.skipTest("nothing of it survives that")
        task, = self.start_tasks(1, "trap '' TERM; while :; do sleep 0.2; done")
        self.master.kill(task.id)
        until(lambda: f"kill task_instance_id={task.id}" in self.worker.text(), "the order's arrival", 30, 0.01)
        self.worker.kill_hard()
        self.worker.restart()
        self.assertEqual(self.history.result(task.id).status, KILLED)

    def _settled(self):
        """The Java worker's silence is only known by waiting: until it has served a task."""
        self.run_task("sleep 3")


class Queued(FaultCase):
    flags = {"exec_threads": 1}

    def test_a_kill_before_the_start(self):
        gate, wait = self.gate()
        first, = self.start_tasks(1, wait)
        queued = self.task("true")
        self.master.dispatch(queued)
        self.worker.wait_metric("porpoise_tasks_waiting", 1)
        self.master.kill(queued.id)
        self.assertEqual(self.history.result(queued.id).status, KILLED)
        self.history.wait("KILL_RESPONSE", queued.id)
        gate.touch()
        self.assertEqual(self.history.result(first.id).status, SUCCESS)
        self.assertEqual(self.history.begun(queued.id), [])

    def test_waiting_tasks_survive_a_killed_daemon(self):
        gate, wait = self.gate()
        first, = self.start_tasks(1, wait)
        queued = self.task("true")
        self.master.dispatch(queued)
        self.worker.wait_metric("porpoise_tasks_waiting", 1)
        self.worker.kill_hard()
        self.worker.restart()
        gate.touch()
        for task in (first, queued):
            self.assertEqual(self.history.result(task.id).status, SUCCESS)


if __name__ == "__main__":
    unittest.main()
