"""F05: grandchildren that hide, a crowd, and some that run away by forking: none lives when the kill is answered."""

import sys
import unittest
from time import monotonic

from fault_case import JAVA_WORKER, SOAK, FaultCase
from frames import KILLED, SUCCESS
from dispatch import survivors
from waiting import until

# Out of the session, without its environment, elsewhere, and without its parent.
HIDDEN = ("cd /; (setsid env -i bash -c 'exec -a NICKNAME sleep 600' &);"
          "(setsid bash -c 'exec -a NICKNAME sleep 600' & ) ;"
          "nohup bash -c 'exec -a NICKNAME sleep 600' > /dev/null 2>&1 & bash -c 'exec -a NICKNAME sleep 600'")
MANY = 5000 if SOAK else 300
CROWD = f"for i in $(seq {MANY}); do sleep 600 & done; wait"
# Each lives for a moment, in a child of the one before: a list of processes is out of date before it is read.
RUNNER = ("import os, time; end = time.monotonic() + 60\n"
          "while time.monotonic() < end:\n"
          "    if os.fork(): os._exit(0)\n"
          "    time.sleep(0.002)\n")


class Descendants(FaultCase):
    java = True

    def test_those_that_hide(self):
        self._kill(HIDDEN, 4, "hidden")

    def test_a_crowd(self):
        self._kill(CROWD, MANY, f"{MANY} children")

    def test_those_that_run_away_by_forking(self):
        script = self.history.marks / "runner.py"
        script.write_text(RUNNER)
        start = f"for i in 1 2 3 4; do {sys.executable} -S {script} NICKNAME & done; sleep 600"
        self._kill(start, 4, "four that fork away")

    def test_what_a_finished_task_left_behind(self):
        task = self.task("(setsid bash -c 'exec -a NICKNAME sleep 600' > /dev/null 2>&1 &) ; "
                         "until grep -aqs NICKNAME /proc/[0-9]*/cmdline; do :; done")
        self.master.dispatch(task)
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        if JAVA_WORKER:
            self.measured("alive after success", survivors(task))
        self.assertTrue(self.history.of("RESULT", task.id))

    def _kill(self, script, processes, what):
        task, = self.start_tasks(1, script)
        until(lambda: len(survivors(task)) >= processes, f"{processes} processes", 120)
        began = monotonic()
        self.master.kill(task.id)
        if not JAVA_WORKER:
            self.assertEqual(self.history.result(task.id).status, KILLED)
        self.history.wait("KILL_RESPONSE", task.id)
        self.measured(f"{what}: kill to its answer; alive then",
                      f"{monotonic() - began:.2f} s; {len(survivors(task))}")


if __name__ == "__main__":
    unittest.main()
