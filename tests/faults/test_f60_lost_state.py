"""F60: files of a task's state are gone while the daemon is away: each by itself, and all but one. Any of them is enough
to follow the task or to end it, and to tell; whom nothing names is told when he asks.
"""

import os
import signal
import unittest

import test_f26_damaged_state as f26
import test_f47_one_user_for_all as f47
from dispatch import survivors
from frames import FAILURE, KILLED, SUCCESS
from waiting import until

FILES = ("dispatch.json", "master", "request.json", "host.json", "result.json")


class Gone(f26.DamagedState):
    """Every test of F26, with files that are gone instead of torn."""

    def _tear(self, task, name):
        (self.worker.state(task.id) / name).unlink()


class AllButOne(f26.FaultCase):
    def keep(self, kept):
        """task -> the file that is left of it."""
        for task, name in kept.items():
            for other in FILES:
                if other != name:
                    (self.worker.state(task.id) / other).unlink(missing_ok=True)

    def ask(self, tasks):
        """As a master that has no answer: the same dispatch once more."""
        self.worker.restart()
        self.master.connect(self.worker.port)
        self.master.dispatch(*tasks)

    def start(self, script):
        names = FILES[0], FILES[2], FILES[3]
        return dict(zip(self.start_tasks(len(names), script), names))

    def test_a_task_whose_host_lives_goes_on_and_its_end_is_told(self):
        gate, wait = self.gate()
        kept = self.start(wait)
        self.worker.kill_hard()
        self.keep(kept)
        self.ask(kept)
        gate.touch()
        for task, name in kept.items():
            self.assertEqual(self.history.result(task.id).status, SUCCESS, name)
            self.assertEqual(len(self.history.begun(task.id)), 1, name)

    def test_a_kill_is_answered_when_the_task_is_dead(self):
        kept = self.start("sleep 600")
        self.worker.kill_hard()
        self.keep(kept)
        self.ask(kept)
        self.master.kill(*(task.id for task in kept))
        for task, name in kept.items():
            self.history.wait("KILL_RESPONSE", task.id)
            self.assertEqual(survivors(task), [], f"{name}: the answer says that it is dead")
            self.assertEqual(self.history.result(task.id).status, KILLED, name)

    def test_what_a_dead_host_left_is_ended_and_the_task_fails(self):
        kept = self.start("setsid sleep 600 & sleep 600")
        hosts = self.worker.hosts()
        self.worker.kill_hard()
        for task in kept:
            os.kill(hosts[task.id], signal.SIGKILL)
        self.keep(kept)
        self.ask(kept)
        for task, name in kept.items():
            self.assertEqual(self.history.result(task.id).status, FAILURE, name)
            self.assertEqual(survivors(task), [], name)
            self.assertEqual(len(self.history.begun(task.id)), 1, f"{name}: it is not run again")

    def test_a_result_is_enough(self):
        gate, wait = self.gate()
        task, = self.start_tasks(1, wait)
        self.worker.kill_hard()
        gate.touch()
        until(lambda: (self.worker.state(task.id) / "result.json").exists(), "the end of the task", 60)
        self.keep({task: "result.json"})
        self.ask([task])
        self.assertEqual(self.history.result(task.id).status, SUCCESS)


class UnderSudo(f47.UnderSudo):
    """Only the tenant's own hand ends its processes, and the request had said whose that is."""

    test_a_tenant_is_refused_everything = None

    def test_what_a_dead_host_left_is_ended_without_its_request(self):
        for damage in ("torn", "gone"):
            task, = self.start_tasks(1, "setsid sleep 600 & sleep 600")
            host = self.worker.hosts()[task.id]
            self.worker.kill_hard()
            request = self.worker.state(task.id) / "request.json"
            request.unlink() if damage == "gone" else os.truncate(request, request.stat().st_size // 2)
            os.kill(host, signal.SIGKILL)
            self.worker.restart()
            self.master.connect(self.worker.port)
            self.assertEqual(self.history.result(task.id).status, FAILURE, damage)
            self.assertEqual(survivors(task), [], damage)


if __name__ == "__main__":
    unittest.main()
