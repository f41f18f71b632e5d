"""F57: what a task takes of the machine, of the worker's disk and of its memory: its own share of the blame when memory is
short, a log of no more than `log-max-size`, and large OUT values for no longer than they are told.
"""

import json
import shutil
import unittest

from fault_case import FaultCase
from frames import SUCCESS


NAMES = [f"o{number}" for number in range(60)]
LARGE = 120_000  # bytes each
KEPT = 32 * 1024  # KiB: of all tasks together, when they have been told


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

    def run_with_values(self, names, size, character):
        task, status = self.run_task(taskParams=json.dumps({
            "rawScript": f"v=$(head -c {size} /dev/zero | tr '\\0' '{character}')\n"
                         + "\n".join(f'echo "\\${{setValue({name}=$v)}}"' for name in names),
            "localParams": [{"prop": name, "direct": "OUT", "type": "VARCHAR", "value": ""} for name in names],
            "resourceList": []}))
        self.assertEqual(status, SUCCESS)
        return len(self.history.result(task.id).body)

    def test_a_result_of_48_MB_keeps_nobody_waiting(self):
        """The pinger judges it; a quote is four bytes there."""
        self.assertGreater(self.run_with_values(["quotes"], 12_000_000, '"'), 48_000_000)

    def test_what_large_results_took_goes_back_to_the_system(self):
        before = self.worker.rss_kib()
        for _ in range(10):
            self.assertGreater(self.run_with_values(NAMES, LARGE, "x"), LARGE * len(NAMES))
        self.worker.wait_metric("porpoise_results_unacked", 0)
        after = self.worker.rss_kib()
        self.measured("resident memory before and after ten results of 7 MB", f"{before} and {after} KiB")
        self.assertLess(after - before, KEPT)


if __name__ == "__main__":
    unittest.main()
