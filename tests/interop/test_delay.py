"""A delayed task waits on the worker and is shown as delayed. DolphinScheduler counts minutes, so this takes one."""

import datetime
import unittest

from scenario import Scenario
from tasks import shell

FORMAT = "%Y-%m-%d %H:%M:%S"


class Delay(Scenario):
    @classmethod
    def begin(cls):
        cls.flow = cls.run_workflow([shell("later", "echo at last", delay=1)])
        cls.shown = cls.flow.wait_for("later", "DELAY_EXECUTION", 50)

    def test_it_was_shown_as_delayed(self):
        self.assertEqual(self.shown["state"], "DELAY_EXECUTION")
        self.assertEqual(self.shown["host"], self.worker.address)
        self.assertIsNone(self.shown["endTime"])

    def test_it_starts_a_minute_after_its_submission(self):
        self.assertEqual(self.flow.wait(180), "SUCCESS")
        task = self.flow.tasks()["later"]
        waited = (datetime.datetime.strptime(task["startTime"], FORMAT) -
                  datetime.datetime.strptime(task["firstSubmitTime"], FORMAT)).total_seconds()
        self.assertTrue(59 <= waited <= 75, task)
        self.assertEqual(self.flow.output("later"), ["at last"])


if __name__ == "__main__":
    unittest.main()
