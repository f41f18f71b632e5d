"""F25: faults in an order that a seed decides, under tasks of all kinds; then the promises are checked.

FAULTS_SEED repeats one. A few steps of one seed always; `./run soak` makes it minutes of a new one.
"""

import os
import random
import time
import unittest
from time import monotonic

from chaos_proxy import DOWN, UP
from fault_case import SOAK, FaultCase
from frames import DISPATCH, FAILURE, KILLED, SUCCESS, encode
from master import Link
from test_f11_malformed import BODIES, FRAMES
from waiting import until

STEPS = 25  # of the fast set
FAST_SEED = 3  # has every fault among its steps
SCRIPTS = [("true", SUCCESS), ("exit 3", FAILURE), ("sleep 0.5", SUCCESS), ("seq 2000", SUCCESS),
           ("(setsid sleep 600 &) ; sleep 0.2", SUCCESS), ("kill -KILL $BASHPID", FAILURE)]
ENDLESS = "trap '' TERM; setsid sleep 600 & while :; do sleep 0.2; done"


class Mixed(FaultCase):
    flags = {"exec_threads": 8, "full_policy": "CONTINUE", "kill_grace": "1s"}

    def test_seeded_faults_break_no_promise(self):
        seed = int(os.environ.get("FAULTS_SEED") or (random.randrange(1 << 32) if SOAK else FAST_SEED))
        print(f"    FAULTS_SEED={seed}", flush=True)
        self.random = random.Random(seed)
        self.expected, self.endless, self.ordered, self.recent = {}, [], [], []
        faults = [self.some_tasks, self.some_tasks, self.an_endless_task, self.a_kill, self.a_killed_daemon,
                  self.a_lost_zookeeper, self.slow_acks, self.lost_acks, self.a_dead_master, self.nonsense,
                  self.a_dispatch_again, self.a_suspension]
        began, steps = monotonic(), 0
        while steps < STEPS or monotonic() - began < SOAK * 60 / 4:
            fault = self.random.choice(faults)
            self.history.add("step", step=steps, fault=fault.__name__)
            with self.subTest(seed=seed, step=steps, fault=fault.__name__):
                fault()
            steps += 1
        self._calm_down()
        self.measured("seeded faults, tasks among them", f"{steps}, {len(self.tasks)}")

    # --- faults ------------------------------------------------------------------------------------------------------

    def some_tasks(self):
        for _ in range(self.random.randrange(1, 10)):
            script, status = self.random.choice(SCRIPTS)
            task = self.task(script)
            self._send(task)
            self.expected[task.id] = status

    def an_endless_task(self):
        task = self.task(ENDLESS)
        self._send(task)
        self.endless.append(task)

    def a_kill(self):
        if self.endless:
            self.ordered.append(self.endless.pop())
            self.master.kill(self.ordered[-1].id)

    def a_killed_daemon(self):
        self._arrived()
        self.worker.kill_hard()
        self.worker.restart()
        self.recent.clear()
        self.master.connect(self.worker.port)

    def a_lost_zookeeper(self):
        self.zookeeper_proxy.cut()
        time.sleep(self.random.random())  # the fault itself
        self.zookeeper_proxy.heal()
        self.zookeeper_proxy.pieces.update({UP: self.random.choice((1, 65536)), DOWN: self.random.choice((1, 65536))})

    def slow_acks(self):
        self.master.acks.delay = self.random.random() * 3

    def lost_acks(self):
        self.master.acks.drop = self.random.randrange(3)
        self.master.acks.copies = self.random.randrange(1, 4)

    def a_dead_master(self):
        self._arrived()
        self.master.close()
        time.sleep(self.random.random())  # the fault itself
        self.master.listen()
        self.master.connect(self.worker.port)

    def nonsense(self):
        link = Link(self.worker.port)
        try:
            link.send(self.random.choice([*FRAMES.values(), *(encode(DISPATCH, body) for body in BODIES.values())]))
        except OSError:
            pass
        link.close()

    def a_dispatch_again(self):
        """Of what this run of the daemon was given: what an earlier one has had acknowledged is forgotten."""
        if self.recent:
            self.master.dispatch(self.random.choice(self.recent))

    def a_suspension(self):
        self.worker.stop()
        time.sleep(self.random.random())  # the fault itself
        self.worker.go_on()

    # --- ---

    def _send(self, task):
        self.master.dispatch(task)
        self.recent.append(task)
        self.unsure = task

    def _arrived(self):
        """Waits until what the master has written is on the worker's disk: what dies in a socket is no fault of the
        worker's. On one connection, the last tells for all before it.
        """
        task = getattr(self, "unsure", None)
        if task:
            until(lambda: self.worker.has_on_disk(task.id) or self.history.of("RESULT", task.id),
                  "the dispatch on disk", 60)

    def _calm_down(self):
        self.zookeeper_proxy.heal()
        self.master.acks.drop, self.master.acks.delay = 0, 0
        self._arrived()
        for task in self.endless + self.ordered:  # an order, too, may have died in a socket
            if not self.history.of("RESULT", task.id):
                self.master.kill(task.id)
        for task in self.tasks.values():
            status = self.history.result(task.id, 180).status
            self.assertEqual(status, self.expected.get(task.id, KILLED), task.script)
        # What a master has killed is told three times only, for 3.1 masters never acknowledge it.
        until(lambda: all(self.history.of("ACK", id, of="RESULT") for id in self.expected), "every ACK", 120)


if __name__ == "__main__":
    unittest.main()
