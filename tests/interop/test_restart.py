"""kill -9 of the worker under its tasks, and a restart: nobody notices."""

import collections
import unittest

from scenario import Scenario
from tasks import shell
from waiting import until

TASKS = 20
SECONDS = 25  # longer than a restart takes


class Restart(Scenario):
    def test_tasks_survive_a_killed_and_restarted_worker(self):
        begun, ended = self.plane.run / "restart-begun", self.plane.run / "restart-ended"
        begun.touch()
        flow = self.run_workflow([
            shell(f"t{number}", f"echo {number} >> {begun}; sleep {SECONDS}; echo {number} >> {ended}; echo finished")
            for number in range(TASKS)])
        until(lambda: len(begun.read_text().split()) >= TASKS, "the start of all tasks", 120)
        session = self.worker.registration()
        self.worker.kill_hard()
        self.assertEqual(self.worker.registration(), session, "its session outlives it")
        self.worker.restart()
        state = flow.wait(240)
        rows = self.plane.sql("SELECT state, count(*) FROM t_ds_task_instance "
                              f"WHERE process_instance_id = {flow.instance} GROUP BY state ORDER BY state")
        runs = collections.Counter(map(int, begun.read_text().split()))
        print(f"    restart: {state}; instances by state {rows}; begun {sum(runs.values())} times", flush=True)
        self.skip_java("its tasks are run again")
        self.assertEqual(rows, [f"7|{TASKS}"], "one successful instance of each task, none of a failover")
        self.assertEqual(state, "SUCCESS")
        for file in (begun, ended):
            self.assertEqual(sorted(map(int, file.read_text().split())), list(range(TASKS)))
        self.assertEqual(self.worker.registration(), session, "the master never saw it leave")
        for number in range(TASKS):
            self.assertEqual(flow.output(f"t{number}"), ["finished"])


if __name__ == "__main__":
    unittest.main()
