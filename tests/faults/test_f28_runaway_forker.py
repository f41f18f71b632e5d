"""F28: the host of a task that forks away for ever is killed. Its orphans become the worker's: each is waited for, and
those that no living host accounts for are ended.
"""

import os
import shutil
import signal
import subprocess
import unittest
from pathlib import Path
from time import monotonic

from fault_case import FaultCase
from frames import FAILURE
from waiting import until

SOURCE = Path(__file__).with_name("runaway.c")
ZOMBIES = 50
LIMIT = 10  # seconds until nothing is alive


def processes():
    """(pid, name, state, parent) of all."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            head, tail = (folder / "stat").read_text().rsplit(")", 1)
        except OSError:
            continue
        state, parent = tail.split()[:2]
        found.append((int(folder.name), head.split("(", 1)[1], state, int(parent)))
    return found


class RunawayForker(FaultCase):
    def prepare(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            self.skipTest("takes a C compiler")
        self.name = f"run{os.getpid() % 100000}"  # 15 bytes at most are seen of a name
        self.program = self.history.marks / self.name
        subprocess.run([compiler, "-O1", "-o", self.program, SOURCE], check=True)
        self.addCleanup(self.end_them)

    def alive(self):
        return [pid for pid, name, state, _ in processes() if name == self.name and state not in "ZX"]

    def zombies(self):
        return len([pid for pid, _, state, parent in processes() if state == "Z" and parent == self.worker.process.pid])

    def end_them(self):
        """Whatever the test shows, the machine gets rid of them."""
        end = monotonic() + 20
        while monotonic() < end and (left := self.alive()):
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass

    def loses(self, script):
        task, = self.start_tasks(1, f"{script}\nsleep 600")
        until(self.alive, "a process that runs away", 30, 0.01)
        began = monotonic()
        os.kill(self.worker.hosts()[task.id], signal.SIGKILL)
        most, clean = 0, 0
        while clean < 20:  # looks in a row that find nobody
            most = max(most, self.zombies())
            clean = 0 if self.alive() else clean + 1
            self.assertLess(monotonic() - began, LIMIT + 5, "it still runs away")
        self.measured("most zombies; last one alive", f"{most}; {monotonic() - began:.1f} s at most")
        self.assertLessEqual(most, ZOMBIES)
        self.assertEqual(self.history.result(task.id).status, FAILURE)
        until(lambda: self.zombies() == 0, "no zombie", 10)
        self.assertEqual(self.worker.metric("porpoise_kill_survivors_total"), 0)

    def test_one_that_forks_away_for_ever_loses(self):
        self.loses(f"{self.program}")

    def test_a_family_of_them_loses(self):
        self.loses("\n".join([f"{self.program}"] * 4))


class Orphans(FaultCase):
    def test_what_a_killed_host_leaves_without_a_trace_is_ended_and_named(self):
        """Out of the session and without its environment, when nobody is left who knew it."""
        name = f"orphan-{os.getpid()}"
        task, = self.start_tasks(1, f"(setsid env -i bash -c 'exec -a {name} sleep 600' &) ; sleep 600")

        def found():
            return subprocess.run(["pgrep", "-f", f"^{name} "], capture_output=True, check=False).stdout.split()
        until(found, "the orphan", 30)
        os.kill(self.worker.hosts()[task.id], signal.SIGKILL)
        self.assertEqual(self.history.result(task.id).status, FAILURE)
        self.assertEqual(found(), [], "before the master hears of it")
        until(lambda: "no living task host accounts for" in self.worker.text(), "its name in the log", 10)


if __name__ == "__main__":
    unittest.main()
