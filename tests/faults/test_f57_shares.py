"""F57: what a task takes of the machine and of the worker's disk: its own share of the blame when memory is short, and a log
of no more than `log-max-size`.
"""

import shutil
import unittest

from fault_case import FaultCase
from frames import SUCCESS


class Shares(FaultCase):
    flags = {"log_max_size": "1MiB"}

    def new_worker(self, **flags):
        prefix = [shutil.which("choom"), "-n", "300", "--"] if shutil.which("choom") else []
        return super().new_worker(prefix=prefix, **flags)

    def log_of(self, task):
        return task.log_path(self.worker.log_dir).read_text()

    def test_a_task_does_not_inherit_what_the_worker_may_have_of_memory(self):
        if not shutil.which("choom"):
            self.skipTest("no choom to start a worker with a score of its own")
        task, status = self.run_task("echo score $(cat /proc/self/oom_score_adj)")
        self.assertEqual(status, SUCCESS)
        self.assertIn("score 0\n", self.log_of(task))

    def test_a_log_has_its_limit_and_the_task_runs_on(self):
        task, status = self.run_task("head -c 30000000 /dev/zero | tr '\\0' x | fold -w 1000; echo 'the last line'; exit 0")
        self.assertEqual(status, SUCCESS)
        log = self.log_of(task)
        self.assertLess(len(log), (1 << 20) + (64 << 10))
        self.assertEqual(log.count("this log has reached its limit"), 1)
        self.assertNotIn("the last line", log)
        self.assertIn("task ended: SUCCESS", log)


if __name__ == "__main__":
    unittest.main()
