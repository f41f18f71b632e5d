"""F42: removal of task logs. Masters may, and peers that allow-log-peers names; nobody may for a task that has not ended;
all others are answered at once, and nothing is gone."""

import os
import unittest
from time import monotonic

from fault_case import FaultCase
from frames import REMOVE_LOG, SUCCESS
from master import Link
from waiting import until

STRANGER, NAMED = "127.0.0.33", "127.0.0.34"


class LogRemoval(FaultCase):
    def _remove(self, path, source):
        link = Link(self.worker.port, source=source)
        try:
            began = monotonic()
            answer = link.ask(REMOVE_LOG, {"path": path}, 5)
            self.assertIsNotNone(answer)
            self.assertLess(monotonic() - began, 2, "it is answered at once")
            return answer["status"]
        finally:
            link.close()

    def _log(self):
        task, status = self.run_task("echo something")
        self.assertEqual(status, SUCCESS)
        return self.history.result(task.id).log_path

    def test_of_a_stranger_removes_nothing(self):
        path = self._log()
        self.assertFalse(self._remove(path, STRANGER))
        self.assertTrue(os.path.exists(path))
        until(lambda: f"allow-log-peers: {STRANGER}" in self.worker.text(), "a line that names it", 10)

    def test_of_a_master_removes_what_has_ended(self):
        path = self._log()
        running, = self.start_tasks(1, "echo something; sleep 600")
        of_running = str(running.log_path(self.worker.log_dir))
        self.assertFalse(self._remove(of_running, "127.0.0.1"))
        self.assertTrue(os.path.exists(of_running), "it is still being written")
        self.assertTrue(self._remove(path, "127.0.0.1"))
        self.assertFalse(os.path.exists(path))
        until(lambda: "removes a task log" in self.worker.text(), "a line about it", 10)
        self.master.kill(running.id)
        self.history.wait("KILL_RESPONSE", running.id)


class LogRemovalByPeersThatAreNamed(LogRemoval):
    flags = {"allow_log_peers": NAMED}
    test_of_a_stranger_removes_nothing = test_of_a_master_removes_what_has_ended = None

    def test_removes_what_has_ended(self):
        path = self._log()
        self.assertFalse(self._remove(path, STRANGER))
        self.assertTrue(self._remove(path, NAMED))
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
