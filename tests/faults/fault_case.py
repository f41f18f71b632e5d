"""The frame of every test: a worker, a master, a history; the promises are checked at the end."""

import json
import os
import re
import sys
import unittest
from collections import Counter
from pathlib import Path

from world import JAVA_WORKER, world  # first: it finds tests/interop
from chaos_proxy import ChaosProxy
from dispatch import Task, survivors
from fault_worker import Worker
from frames import SUCCESS
from history import History
from liveness import Pinger
from master import Master
from waiting import until

SOAK = float(os.environ.get("FAULTS_SOAK_MINUTES") or 0)  # 0: the fast set alone
DESCRIPTORS_SLACK = 6  # connections that come and go


class FaultCase(unittest.TestCase):
    """`worker` and `master` are there and know each other when a test begins."""

    longMessage = True
    maxDiff = None
    flags = {}  # of the worker
    heals = True  # at the end the worker is expected to serve
    watched = True  # whether PING has to be answered throughout: liveness.py
    java = False  # whether the Java worker can be put through it: README.md has what it does

    def setUp(self):
        if JAVA_WORKER and not self.java:
            self.skipTest("about porpoise alone")
        self.world = world()
        name = re.sub(r"\W+", "-", self.id().rsplit(".", 2)[-1])[:60]
        self.history = History(self.world.run, f"{len(list(self.world.run.glob('*.history')))}-{name}")
        self.tasks, self.given_up, self.workers, self._closing = {}, set(), [], []
        self.addCleanup(self._end)
        self.zookeeper_proxy = self.proxy(("127.0.0.1", self.world.zookeeper_port), "zookeeper")
        self.master = self.new_master("m1")
        self.prepare()
        self.worker = self.new_worker(**self.flags)
        self.worker.start()
        self.master.connect(self.worker.port)
        self.at_start = self._levels()

    def prepare(self):
        """Before the worker is made."""

    def _end(self):
        for thing in reversed(self._closing):
            thing()
        self._pingers_found()
        self.history.close()

    def tearDown(self):
        """Only of a test that has not failed already: what it left half done is no news."""
        if not getattr(self._outcome, "success", True):
            return
        if self.heals and not JAVA_WORKER:
            self.serves()
            self._returns_to_its_levels()
            if SOAK:
                self.measured("handlers of the loop by their longest time, ms", self._longest_handlers())
        violations = self.history.violations(self.given_up)
        if left := survivors(*self.tasks.values()):
            violations.append(f"some task: P3: {left} live at the end of the test")
        violations += self._pingers_found()
        if JAVA_WORKER:
            kinds = Counter(re.sub(r"[\d.]+ s|\[.*\]", "…", text.split(": ", 1)[1]) for text in violations)
            self.measured("promises broken, by tasks", dict(kinds) or "none")
        else:
            self.assertEqual(violations, [])

    # --- parts -------------------------------------------------------------------------------------------------------

    def new_worker(self, **flags):
        worker = Worker(self.world, self.history, self.zookeeper_proxy.port, **flags)
        worker.watched = self.watched
        self.workers.append(worker)
        self._closing.append(worker.end)
        return worker

    def new_master(self, name):
        master = Master(self.world.zookeeper, self.history, name)
        master.register()
        self._closing += [master.unregister, master.close]
        return master

    def proxy(self, target, name):
        proxy = ChaosProxy(target, self.history, name)
        self._closing.append(proxy.close)
        return proxy

    def task(self, script="", **context):
        task = Task(self.history, script, **context)
        self.tasks[task.id] = task
        return task

    def run_task(self, script="", seconds=60, **context):
        """A task from dispatch to RESULT; (task, status)."""
        task = self.task(script, **context)
        self.master.dispatch(task)
        return task, self.history.result(task.id, seconds).status

    def start_tasks(self, count, script, seconds=120):
        """Tasks that have begun."""
        tasks = [self.task(script) for _ in range(count)]
        self.master.dispatch(*tasks)
        self.wait_begun(*tasks, seconds=seconds)
        return tasks

    def wait_begun(self, *tasks, seconds=120):
        until(lambda: all(self.history.begun(task.id) for task in tasks), "the beginning of every task", seconds, 0.05)

    def gate(self, name="gate"):
        """A file to appear when tasks may go on, and the script that waits for it (for a few minutes at most)."""
        file = self.history.marks / name
        return file, f"for i in $(seq 1200); do [ -e '{file}' ] && break; sleep 0.2; done"

    def wait_gone(self, *tasks, seconds=30):
        for task in tasks:
            until(lambda: not survivors(task), f"the end of every process of task {task.id}", seconds)

    def assert_answered_within(self, seconds):
        """PING, in 99 of 100 cases, so far; it is not asked any more then."""
        times = sorted(time for pinger in self.worker.pingers for time in pinger.finish()["net"])
        self.assertLess(times[len(times) * 99 // 100], seconds, "the time until PING was answered")

    def _pingers_found(self):
        pingers = [pinger for worker in self.workers for pinger in worker.pingers]
        self.workers = []
        return Pinger.violations(self.id().split(".", 1)[-1], pingers)

    # --- at the end --------------------------------------------------------------------------------------------------

    def serves(self, seconds=60):
        """P6: a new task is taken and succeeds, on whatever connection a master makes now."""
        if not self.master.link.open:
            self.master.connect(self.worker.port)
        self.assertEqual(self.run_task("true", seconds)[1], SUCCESS)

    def _levels(self):
        return {} if JAVA_WORKER else {"descriptors": self.worker.descriptors(), "threads": self.worker.threads()}

    def _returns_to_its_levels(self):
        """P8."""
        self.worker.wait_metric('porpoise_slots{state="used"}', 0)
        self.worker.wait_metric("porpoise_results_unacked", 0)
        until(lambda: self.worker.descriptors() <= self.at_start["descriptors"] + DESCRIPTORS_SLACK,
              f"the end of descriptors beyond {self.at_start}", 30)
        self.assertLessEqual(self.worker.threads(), self.at_start["threads"] + 2)

    def _longest_handlers(self):
        found = {key.split('"')[1]: round(1000 * value, 1) for key, value in self.worker.metrics().items()
                 if key.startswith("porpoise_loop_handler_longest_seconds")}
        return dict(sorted(found.items(), key=lambda one: -one[1]))

    # --- figures -----------------------------------------------------------------------------------------------------

    def measured(self, what, value):
        """For README.md."""
        line = {"test": self.id(), "worker": self.worker.kind, "what": what, "value": value}
        print(f"    {self.worker.kind}: {what}: {value}", file=sys.stderr, flush=True)
        if file := os.environ.get("FAULTS_FIGURES"):
            with Path(file).open("a") as figures:
                figures.write(json.dumps(line) + "\n")
