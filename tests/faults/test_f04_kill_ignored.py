"""F04: a child that ignores SIGTERM, or is stopped, is dead by the end of the grace, and only then told so."""

import unittest
from time import monotonic

from fault_case import JAVA_WORKER, FaultCase
from frames import KILLED
from dispatch import survivors
from waiting import until

STUBBORN = "trap '' TERM HUP INT; bash -c 'trap \"\" TERM; while :; do sleep 1; done' & while :; do sleep 1; done"
STOPPED = "kill -STOP $BASHPID; sleep 600"


class KillIgnored(FaultCase):
    java = True

    def test_a_child_that_ignores_the_term_signal(self):
        self._kill(STUBBORN, 3)

    def test_a_stopped_child(self):
        self._kill(STOPPED, 2)

    def _kill(self, script, processes):
        task, = self.start_tasks(1, script)
        until(lambda: len(survivors(task)) >= processes, "all of its processes", 60)
        began = monotonic()
        self.master.kill(task.id)
        if JAVA_WORKER:
            self.history.wait("KILL_RESPONSE", task.id)
            left = survivors(task)
            self.measured("alive when the kill was answered", left)
            return
        self.assertEqual(self.history.result(task.id).status, KILLED)
        self.measured("kill to verified dead, 2 s grace", f"{monotonic() - began:.2f} s")
        self.history.wait("KILL_RESPONSE", task.id)
        self.assertEqual(survivors(task), [])
        self.assertEqual(len(self.history.of("KILL_RESPONSE", task.id)), 1)


if __name__ == "__main__":
    unittest.main()
