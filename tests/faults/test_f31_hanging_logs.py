"""F31: the file system of the task logs hangs, as a network's whose server is gone: the worker goes on answering."""

import unittest
from time import monotonic

from frames import KILLED, LOG_BYTES, ROLL_LOG, SUCCESS
from hanging_log_folder import HangingLogFolder

CALLER_LIMIT = 10  # seconds that a caller of 3.1 waits for a log


class HangingLogs(HangingLogFolder):
    flags = {"zookeeper_session_timeout": "4s"}

    def test_the_worker_answers_and_what_runs_ends_well_once_it_is_back(self):
        read, status = self.run_task("echo something")
        self.assertEqual(status, SUCCESS)
        path = self.history.result(read.id).log_path
        session = self.worker.registration()
        gate, wait = self.gate()
        running, = self.start_tasks(1, wait)

        self.silence.touch()
        began = monotonic()
        page = self.master.ask(ROLL_LOG, {"taskInstanceId": read.id, "path": path, "skipLineNum": 0, "limit": 10},
                               CALLER_LIMIT)
        self.measured("a log on a file system that hangs: request to answer", f"{monotonic() - began:.1f} s")
        self.assertIsNotNone(page, "an answer before the caller gives up")
        self.assertIn("cannot be read now", str(page))
        self.assertIsNotNone(self.master.ask(LOG_BYTES, {"path": path}, CALLER_LIMIT))
        started = self.task("true")
        self.master.dispatch(started)
        self.worker.wait_metric('porpoise_slots{state="used"}', 2)
        self.assertEqual(self.worker.registration(), session)

        self.silence.unlink()
        gate.touch()
        for task in (running, started):
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.worker.wait_metric('porpoise_helpers_hung{call="log"}', 0)
        self.assertIn("something", str(self.master.ask(ROLL_LOG, {"taskInstanceId": read.id, "path": path,
                                                                  "skipLineNum": 0, "limit": 100})))
        self.assert_answered_within(0.05)

    def test_a_task_that_waits_can_be_killed(self):
        self.silence.touch()
        task = self.task("true", delayTime=10)
        self.master.dispatch(task)
        self.worker.wait_metric("porpoise_tasks_waiting", 1)
        self.master.kill(task.id)
        self.assertEqual(self.history.result(task.id).status, KILLED)
        self.silence.unlink()


if __name__ == "__main__":
    unittest.main()
