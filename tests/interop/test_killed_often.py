"""kill -9 of the worker, hundreds of times under the tasks of one workflow: none is lost, none runs twice.

INTEROP_KILLS says how often. Kills fall while tasks wait, end and are told, and while the worker starts; never while a
dispatch is on its way: what a 3.1 master has written to a socket that dies is lost to both, and it does not repeat it.
"""

import collections
import os
import random
import time
import unittest

from scenario import Scenario
from tasks import shell
from waiting import until

KILLS = int(os.environ.get("INTEROP_KILLS") or 200)
AT_A_TIME = 4  # kills for one layer of tasks
WIDTH = 3  # tasks of a layer
LAYERS = -(-KILLS // AT_A_TIME)
PAUSE = 0.2  # seconds: so far does a start get before the next kill, at most


class KilledOften(Scenario):
    def test_nothing_is_lost_and_nothing_runs_twice(self):
        self.skip_java("its tasks are run again")
        self.begun, self.ended = self.plane.run / "often-begun", self.plane.run / "often-ended"
        self.begun.touch()
        self.ended.touch()
        names = [[f"l{layer}t{number}" for number in range(WIDTH)] for layer in range(LAYERS)]
        tasks = [shell(name, f"echo {name} >> {self.begun}; while ! [ -e {self._gate(layer)} ]; do sleep 0.05; done; "
                             f"echo {name} >> {self.ended}") for layer, own in enumerate(names) for name in own]
        edges = [(before, after) for own, following in zip(names, names[1:]) for before in own for after in following]
        flow = self.run_workflow(tasks, edges)
        session = self.worker.registration()
        for layer in range(LAYERS):
            until(lambda: self._count(self.begun) >= (layer + 1) * WIDTH, f"the start of layer {layer}", 120, 0.02)
            self._kill_under(layer)
        state = flow.wait(240)
        print(f"    killed often: {state} after {KILLS} kills, {LAYERS * WIDTH} tasks", flush=True)
        self.assertEqual(state, "SUCCESS")
        everything = collections.Counter(name for own in names for name in own)
        for file in (self.begun, self.ended):
            self.assertEqual(collections.Counter(file.read_text().split()), everything)
        rows = self.plane.sql("SELECT state, count(*) FROM t_ds_task_instance "
                              f"WHERE process_instance_id = {flow.instance} GROUP BY state")
        self.assertEqual(rows, [f"7|{LAYERS * WIDTH}"], "one successful instance of each task, none of a failover")
        self.assertEqual(self.worker.registration(), session, "the master never saw it leave")

    def _kill_under(self, layer):
        for number in range(AT_A_TIME):
            last = number == AT_A_TIME - 1
            self.worker.kill_hard()
            if last and layer % 2:  # they end while nobody is there
                self._gate(layer).touch()
                until(lambda: self._count(self.ended) >= (layer + 1) * WIDTH, f"the end of layer {layer}", 60, 0.02)
            self.worker.process = self.worker.launch()
            if last:
                self._gate(layer).touch()
            else:
                time.sleep(random.random() * PAUSE)  # the fault itself, not a wait for something

    def _gate(self, layer):
        return self.plane.run / f"often-layer-{layer}"

    @staticmethod
    def _count(file):
        return len(file.read_text().split())


if __name__ == "__main__":
    unittest.main()
