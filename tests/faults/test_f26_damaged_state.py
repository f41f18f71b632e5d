"""F26: each file of a task's state torn while the daemon is away, under a living host and under a dead one: the task is
followed, or ended, and its master hears which; a kill of it is answered when it is dead.
"""

import os
import signal
import unittest

from dispatch import survivors
from fault_case import FaultCase
from frames import FAILURE, KILLED, SUCCESS
from waiting import until

FILES = ("dispatch.json", "master", "request.json", "host.json")


class DamagedState(FaultCase):
    def test_a_task_whose_host_lives_goes_on_and_its_end_is_told(self):
        gate, wait = self.gate()
        torn = {task: name for task, name in zip(self.start_tasks(len(FILES), wait), FILES)}
        (odd,) = self.start_tasks(1, wait)
        self.worker.kill_hard()
        for task, name in torn.items():
            self._tear(task, name)
        (self.worker.state(odd.id) / "result.json").write_text('{"v":1,"sta')
        self.worker.restart()
        gate.touch()
        for task, name in (*torn.items(), (odd, "result.json")):
            self.assertEqual(self.history.result(task.id).status, SUCCESS, name)
            self.assertEqual(len(self.history.begun(task.id)), 1, name)

    def test_a_kill_is_answered_when_the_task_is_dead(self):
        torn = {task: name for task, name in zip(self.start_tasks(len(FILES), "sleep 600"), FILES)}
        self.worker.kill_hard()
        for task, name in torn.items():
            self._tear(task, name)
        self.worker.restart()
        self.master.connect(self.worker.port)
        self.master.kill(*(task.id for task in torn))
        for task, name in torn.items():
            self.history.wait("KILL_RESPONSE", task.id)
            self.assertEqual(survivors(task), [], f"{name}: the answer says that it is dead")
            self.assertEqual(self.history.result(task.id).status, KILLED, name)

    def test_a_task_whose_host_is_dead_fails_by_name(self):
        torn = {task: name for task, name in zip(self.start_tasks(len(FILES), "sleep 600"), FILES)}
        hosts = self.worker.hosts()
        self.worker.kill_hard()
        for task, name in torn.items():
            for pid in (hosts[task.id], *(int(line.split()[0]) for line in survivors(task))):
                self._end_process(pid)
        until(lambda: not any(survivors(task) for task in torn), "the end of the hosts", 30)
        for task, name in torn.items():
            self._tear(task, name)
        self.worker.restart()
        for task, name in torn.items():
            self.assertEqual(self.history.result(task.id).status, FAILURE, name)
            self.assertIn("task host lost", task.log_path(self.worker.log_dir).read_text(), name)

    def test_a_task_that_has_ended_is_told_although_its_dispatch_is_torn(self):
        gate, wait = self.gate()
        torn = {task: name for task, name in zip(self.start_tasks(len(FILES), wait), FILES)}
        self.worker.kill_hard()
        gate.touch()
        for task, name in torn.items():
            until(lambda: (self.worker.state(task.id) / "result.json").exists(), "the end of a task", 60)
            self._tear(task, name)
        self.worker.restart()
        for task, name in torn.items():
            self.assertEqual(self.history.result(task.id).status, SUCCESS, name)

    def _tear(self, task, name):
        file = self.worker.state(task.id) / name
        os.truncate(file, file.stat().st_size // 2)

    @staticmethod
    def _end_process(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    unittest.main()
