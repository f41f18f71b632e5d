"""What the scenarios share: one control plane and one worker for the whole run, and workflows made on the fly."""

import atexit
import itertools
import json
import os
import re
import signal
import sys
import time
import unittest
from pathlib import Path

import assembly
from control_plane import ControlPlane
from ds_api import DsApi
from java_worker import JavaWorker
from porpoise_worker import PorpoiseWorker, binary
from waiting import Once, until

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("INTEROP_FOLDER") or Path(os.environ.get("PORPOISE_BUILD") or ROOT / "build") / "interop")
JAVA = os.environ.get("INTEROP_WORKER", "porpoise") == "java"
DEADLINE = 120  # seconds for a workflow that takes a few, on a machine that compiles at the same time


class Cluster:
    """The control plane, a worker, and an administrator."""

    def __init__(self):
        self.plane = ControlPlane(FOLDER)
        atexit.register(self.plane.stop)
        # Without a handler the guard would still end everything, but this process would die before its finally clauses.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.plane.start()
        self.worker = (JavaWorker if JAVA else PorpoiseWorker)(self.plane)
        self.worker.start()
        self.plane.say(f"the {self.worker.kind} worker is registered")
        self.api = DsApi(self.plane.ports["api"])


_cluster = Once(Cluster)


def cluster():
    if reason := assembly.missing():
        raise unittest.SkipTest(reason)
    if not JAVA:
        binary()  # or a skipped test, before anything is started
    return _cluster()


class Run:
    """One workflow instance."""

    _numbers = itertools.count(1)

    def __init__(self, cluster, name, tasks, edges=(), global_params=(), tenant=None, **start):
        self.cluster, self.api, self.name = cluster, cluster.api, name
        self.code = self.api.create(f"{name}-{next(Run._numbers)}", tasks, edges, global_params, tenant)
        self.began = time.monotonic()
        self.instance = self.api.start(self.code, **start)
        self.state = None

    def wait(self, seconds=DEADLINE):
        """The state in which it ended."""
        self.state = self.api.wait(self.instance, seconds)
        self.report()
        return self.state

    def tasks(self):
        return {task["name"]: task for task in self.api.tasks(self.instance)}

    def states(self):
        return {name: task["state"] for name, task in self.tasks().items()}

    def wait_for(self, task, state, seconds=DEADLINE):
        def reached():
            instance = self.tasks().get(task)
            return instance if instance and instance["state"] == state else None
        return until(reached, f"{state} of '{task}'", seconds)

    def log(self, task):
        """The task's log as the API server hands it out, complete."""
        number = self.tasks()[task]["id"]

        def complete():
            text = self.api.download_log(number).decode(errors="replace")
            return text if self.cluster.worker.log_is_complete(text) else None
        return until(complete, f"the end of the log of '{task}'", 15)

    def out_values(self, task):
        """What it handed to the master for the tasks behind it."""
        pool = json.loads(self.tasks()[task]["varPool"] or "[]")
        return {entry["prop"]: entry["value"] for entry in pool if entry["direct"] == "OUT"}

    def output(self, task):
        """What the task printed, line by line; the worker's own lines are left out."""
        return output_of(self.log(task))

    def report(self):
        """One line per task for whoever compares two workers (README.md)."""
        for name, task in self.tasks().items():
            print(f"    {self.name}: {name} {task['state']} {task['startTime']} to {task['endTime']}", file=sys.stderr)
        print(f"    {self.name}: {self.state} after {time.monotonic() - self.began:.1f} s", file=sys.stderr, flush=True)


def output_of(log):
    """Lines of a task in its log: those after a batch's arrow, and those that continue a batch."""
    lines, in_batch = [], False
    for line in log.replace("\r\n", "\n").split("\n"):
        if start := re.match(r"\[\w+\] \d{4}-\d\d-\d\d [\d:.]+ [+-]\d{4} - (.*)", line):
            in_batch = start[1].startswith(" -> ")
            if in_batch:
                lines.append(start[1][4:])
        elif in_batch and line.startswith("\t"):
            lines.append(line[1:])
    return lines


def processes_with(text):
    """Command lines of living processes that hold `text`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line and int(folder.name) != os.getpid():
                found.append(f"{folder.name} {line}")
        except OSError:  # it has ended meanwhile
            pass
    return found


class Scenario(unittest.TestCase):
    """A class of tests on the cluster. `begin` starts its workflows once; the tests look at how they ended."""

    longMessage = True
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster()
        cls.api, cls.worker, cls.plane = cls.cluster.api, cls.cluster.worker, cls.cluster.plane
        if not cls.__dict__.get("begun"):  # run.py begins the slow ones early
            cls.begun = True
            cls.begin()

    @classmethod
    def begin(cls):
        pass

    @classmethod
    def run_workflow(cls, tasks, edges=(), global_params=(), **start):
        return Run(cls.cluster, cls.__name__.lower(), tasks, edges, global_params, **start)

    def skip_java(self, reason):
        """For what the Java worker is known not to do: README.md has the table."""
        if JAVA:
            self.skipTest("the Java worker: " + reason)
