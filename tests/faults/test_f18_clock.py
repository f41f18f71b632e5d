"""F18: the wall clock steps, an hour, a year, back again, and the machine is suspended: no early and no missed end.

wall_clock.c gives the daemon a clock of its own; the monotonic one is left alone, as a step leaves it.
"""

import json
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from fault_case import FaultCase
from frames import FAILURE, KILLED, SUCCESS
from waiting import until

SOURCE = Path(__file__).resolve().parent / "wall_clock.c"
HOUR, YEAR = 3600, 365 * 24 * 3600
STEPS = [HOUR, -HOUR, YEAR, -YEAR, 0]


class Steps(FaultCase):
    flags = {"heartbeat_interval": "1s"}

    def prepare(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            self.skipTest("no C compiler for a clock that steps")
        self.library = self.history.marks / "wall_clock.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.library, SOURCE], check=True)

    def new_worker(self, **flags):
        self.clock = self.history.marks / "clock"
        self.step(0)
        variables = {"LD_PRELOAD": str(self.library), "WALL_CLOCK_STEP": str(self.clock)}
        return super().new_worker(variables=variables, **flags)

    def step(self, seconds):
        temporary = self.clock.with_suffix(".new")
        temporary.write_text(str(seconds))
        temporary.rename(self.clock)

    def test_tasks_neither_end_early_nor_hang(self):
        gate, wait = self.gate()
        running, = self.start_tasks(1, wait)
        limited = self.task(wait, taskTimeout=1800, taskTimeoutStrategy="FAILED")
        self.master.dispatch(limited)
        self.wait_begun(limited)
        for seconds in STEPS:
            with self.subTest(seconds=seconds):
                self.step(seconds)
                self.assertEqual(self.run_task("true")[1], SUCCESS)
                self._heartbeat_shows(seconds)
                self.assertFalse(self.history.of("RESULT", running.id) + self.history.of("RESULT", limited.id))
        killed, = self.start_tasks(1, "trap '' TERM; while :; do sleep 1; done")
        self.master.kill(killed.id)
        self.step(-HOUR)  # in the grace
        self.assertEqual(self.history.result(killed.id).status, KILLED)
        gate.touch()
        for task in (running, limited):
            self.assertEqual(self.history.result(task.id).status, SUCCESS)

    def test_a_result_is_repeated_at_its_pace(self):
        self.master.acks.drop = 2
        task = self.task("true")
        self.master.dispatch(task)
        self.history.result(task.id)
        for seconds in (YEAR, -YEAR):
            self.step(seconds)
        self.history.wait("ACK", task.id, of="RESULT")
        self.assertEqual(len(self.history.of("RESULT", task.id)), 3)

    def test_a_time_limit_is_met_although_the_clock_went_back(self):
        task = self.task("sleep 600", taskTimeout=3, taskTimeoutStrategy="FAILED")
        self.master.dispatch(task)
        self.wait_begun(task)
        self.step(-HOUR)
        self.assertEqual(self.history.result(task.id).status, FAILURE)

    def _heartbeat_shows(self, seconds):
        """The wall's time, for masters compare it."""
        def shown():
            with self.world.zookeeper() as zookeeper:
                report = json.loads(zookeeper.data(self.worker.node))["reportTime"] / 1000
            return abs(report - time.time() - seconds) < HOUR / 2
        until(shown, "a heartbeat with the new time", 60)


class Suspended(FaultCase):
    def test_a_short_suspension_loses_and_repeats_nothing(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(5, wait)
        session = self.worker.registration()
        self.worker.stop()
        gate.touch()
        until(lambda: all(self.history.finished(task.id) for task in tasks), "the end of every task", 60)
        late = self.task("true")
        self.master.dispatch(late)
        self.worker.go_on()
        for task in (*tasks, late):
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.assertEqual(self.worker.registration(), session)


if __name__ == "__main__":
    unittest.main()
