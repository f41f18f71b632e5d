"""F70: the logs of tasks are removed by age (log-retention), never that of a task that runs, and a log folder that hangs then stops
nothing else."""

import os
import time
import unittest

from fault_case import FaultCase
from frames import KILLED, SUCCESS
from hanging_log_folder import HangingLogFolder
from waiting import until

OLD = 3 * 86400  # seconds


def make_old(log):
    then = time.time() - OLD
    os.utime(log, (then, then))


def write_old_log(folder):
    day = folder / "20200101"
    day.mkdir(parents=True)
    log = day / "7_1-2-3.log"
    log.write_text("long ago\n")
    make_old(log)
    return log


class Retention(FaultCase):
    flags = {"log_retention": "1d"}

    def test_the_log_of_a_task_that_runs_stays_and_those_that_are_old_go(self):
        gate, wait = self.gate()
        running, = self.start_tasks(1, "echo begins; " + wait)
        log, = self.worker.log_dir.glob(f"*/*-{running.id}.log")
        self.worker.kill_hard()
        make_old(log)
        old = write_old_log(self.worker.log_dir)
        self.worker.restart()  # it looks soon after it has begun to work
        until(lambda: not old.parent.exists(), "the removal of the old log, and of its day", 60)
        until(lambda: "removed what tasks had left logs=1" in self.worker.text(), "the line in the worker's log", 60)
        self.assertIn("begins", log.read_text())
        gate.touch()
        self.assertEqual(self.history.result(running.id).status, SUCCESS)


class HangingRetention(HangingLogFolder):
    flags = {"zookeeper_session_timeout": "4s", "log_retention": "1d", "log_level": "debug"}

    def test_a_log_folder_that_hangs_stops_nothing_else(self):
        session = self.worker.registration()
        self.silence.touch()
        old = write_old_log(self.behind)
        until(lambda: "retention: looks for" in self.worker.text(), "the look for old logs", 30)
        task = self.task("true", delayTime=10)
        self.master.dispatch(task)
        self.worker.wait_metric("porpoise_tasks_waiting", 1)
        self.master.kill(task.id)
        self.assertEqual(self.history.result(task.id).status, KILLED)
        self.assertEqual(self.worker.registration(), session)
        self.assertTrue(old.exists())
        self.silence.unlink()
        until(lambda: not old.exists(), "the removal once the folder answers again", 60)
        self.assert_answered_within(0.05)


if __name__ == "__main__":
    unittest.main()
