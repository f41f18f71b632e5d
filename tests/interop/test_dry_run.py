"""A dry run: the master sends its tasks, the worker reports success and runs nothing."""

import unittest

from scenario import Scenario
from tasks import in_param, python, shell


class DryRun(Scenario):
    @classmethod
    def begin(cls):
        cls.mark = cls.plane.run / "dry-run-ran"
        cls.flow = cls.run_workflow(
            [shell("first", f"touch {cls.mark}; exit 1"),
             python("second", "raise SystemExit('${a}')", [in_param("a", "1")])],
            [("first", "second")], dry_run=True)
        cls.flow.wait()

    def test_every_task_succeeds(self):
        self.assertEqual(self.flow.states(), {"first": "SUCCESS", "second": "SUCCESS"})
        self.assertEqual(self.flow.state, "SUCCESS")

    def test_nothing_ran(self):
        self.assertFalse(self.mark.exists())

    def test_the_times_are_stored(self):
        for task in self.flow.tasks().values():
            self.assertTrue(task["startTime"] and task["endTime"], task)


if __name__ == "__main__":
    unittest.main()
