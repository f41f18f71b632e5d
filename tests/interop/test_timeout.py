"""A task timeout with the strategy FAILED. DolphinScheduler counts it in minutes, so this takes one."""

import datetime
import unittest
import uuid

from scenario import Scenario, processes_with
from tasks import shell
from waiting import until

FORMAT = "%Y-%m-%d %H:%M:%S"


class Timeout(Scenario):
    @classmethod
    def begin(cls):
        cls.mark = f"interop-{uuid.uuid4().hex}"
        cls.flow = cls.run_workflow([
            shell("slow", f"echo begin; bash -c 'exec -a {cls.mark} sleep 3600'; echo not reached", timeout=1),
            shell("quick", "echo done", timeout=1)])

    def test_the_task_fails_after_its_minute_and_nothing_of_it_lives_on(self):
        self.assertEqual(self.flow.wait(240), "FAILURE")
        self.assertEqual(self.flow.states(), {"slow": "FAILURE", "quick": "SUCCESS"})
        slow = self.flow.tasks()["slow"]
        took = (datetime.datetime.strptime(slow["endTime"], FORMAT) -
                datetime.datetime.strptime(slow["startTime"], FORMAT)).total_seconds()
        self.assertTrue(59 <= took <= 100, slow)
        self.assertEqual(self.flow.output("slow"), ["begin"])
        until(lambda: not processes_with(self.mark), "the end of every process", 30)


if __name__ == "__main__":
    unittest.main()
