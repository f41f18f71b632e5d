"""F56: a worker that has too much to do says so, when it begins and when it ends, and why a task waits."""

import json
import unittest

from fault_case import FaultCase
from fault_worker import NEIGHBOUR
from frames import SUCCESS
from waiting import until


class Overload(FaultCase):
    flags = {"exec_threads": "2", "heartbeat_interval": "1s", "full_policy": "continue"}

    def health(self):
        text = NEIGHBOUR.open(f"http://127.0.0.1:{self.worker.http_port}/actuator/health", timeout=20).read()
        return json.loads(text)["components"]["load"]

    def test_is_said_with_its_limit_and_its_value(self):
        gate, wait = self.gate()
        running = self.start_tasks(2, wait)
        waiting = [self.task("true") for _ in range(3)]
        self.master.dispatch(*waiting)
        until(lambda: "overloaded: masters send fewer tasks here" in self.worker.text(), "the beginning of the overload", 30)
        self.assertIn("number of waiting tasks 3.0 is above exec-threads 2.0", self.worker.text())
        self.assertIn("number of waiting tasks 3.0", json.dumps(self.health()))
        self.assertIn("waits for a slot: 2 of 2 slots taken", self.worker.text())
        gate.touch()
        for task in (*running, *waiting):
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        until(lambda: "no longer overloaded" in self.worker.text(), "the end of the overload", 30)
        self.assertNotIn("above exec-threads", json.dumps(self.health()))


if __name__ == "__main__":
    unittest.main()
