"""More tasks at once than the worker has threads."""

import collections
import unittest

from scenario import Scenario
from tasks import shell

TASKS = 200


class Many(Scenario):
    @classmethod
    def begin(cls):
        cls.mark = cls.plane.run / "many"
        cls.flow = cls.run_workflow([shell(f"t{number}", f"echo {number} >> {cls.mark}") for number in range(TASKS)])

    def test_each_runs_once_and_succeeds(self):
        self.assertEqual(self.flow.wait(300), "SUCCESS")
        self.assertEqual(collections.Counter(self.flow.states().values()), {"SUCCESS": TASKS})
        self.assertEqual(sorted(map(int, self.mark.read_text().split())), list(range(TASKS)))

    def test_one_instance_of_each_task(self):
        rows = self.plane.sql("SELECT count(*), count(DISTINCT task_code) FROM t_ds_task_instance "
                              f"WHERE process_instance_id = {self.flow.instance}")
        self.assertEqual(rows, [f"{TASKS}|{TASKS}"])


if __name__ == "__main__":
    unittest.main()
