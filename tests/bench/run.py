#!/usr/bin/env python3
"""Porpoise against DolphinScheduler's own worker, in one run, on this machine.

    run.py [--quick] [--rounds 3] [--only porpoise]

A load generator that speaks the master's side of the protocol drives both workers in turn: the same ZooKeeper, the same
settings, the same tenant (who runs this, so that neither switches users), tasks that run `true`. In each round a worker
is started, does 300 tasks that do not count, then one task at a time, then 100 at once. Beside it: bash alone on the
files of such a task. Prints the table and, after a full run, writes it to RESULTS.md beside this file.
"""

import argparse
import getpass
import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

import assembly  # noqa: E402
import report  # noqa: E402
from contenders import Java, Porpoise, Probe  # noqa: E402
from control_plane import ControlPlane  # noqa: E402

BUILD = Path(os.environ.get("PORPOISE_BUILD") or HERE.parents[1] / "build")
LOADGEN = os.environ.get("PORPOISE_LOADGEN") or BUILD / "check" / "bin" / "bench_loadgen"
WARM_UP = 300  # tasks: the JVM compiles meanwhile


class Bench:
    def __init__(self, plane, sizes):
        self.plane, self.sizes = plane, sizes
        self._ids = itertools.count(1)

    def load(self, worker, tasks, concurrency):
        first = next(self._ids) * 100000  # no two loads share an id
        before = worker.cpu_seconds()
        figures = self._loadgen("worker", "--address", worker.address, "--first-id", first, "--tenant",
                                getpass.getuser(), "--tasks", tasks, "--concurrency", concurrency)
        figures["cpu_ms_per_task"] = 1000 * (worker.cpu_seconds() - before) / tasks
        if figures["unfinished"] or (worker.name == "porpoise" and figures["failed"] + figures["rejected"]):
            raise RuntimeError(f"{worker.title}: tasks failed: {figures}")
        return figures

    def bare(self, file):
        """What the machine can do: bash on the files of a task, nothing around it."""
        return {"one": self._loadgen("spawn", "--file", file, "--tasks", self.sizes["one"], "--concurrency", 1),
                "many": self._loadgen("spawn", "--file", file, "--tasks", self.sizes["many"], "--concurrency", 100)}

    def command_file(self):
        probe = Probe(self.plane)
        probe.start_timed()
        self.load(probe, 1, 1)
        probe.end()
        return probe.command_file()

    def round(self, worker):
        figures = {"start": worker.start_timed()}
        self.plane.say(f"{worker.title}: registered after {figures['start']:.3f} s")
        figures["idle"] = worker.settled()
        self.load(worker, WARM_UP, 20)
        figures["one"] = self.load(worker, self.sizes["one"], 1)
        figures["many"] = self.load(worker, self.sizes["many"], 100)
        figures["after"] = worker.settled()
        worker.end()
        self.plane.say(f"{worker.title}: {figures['many']['tasks_per_second']:.0f} tasks/s, one at a time "
                       f"{figures['one']['dispatch_to_result_ms']['p50']:.1f} ms")
        return figures

    def endurance(self, worker):
        """What stays the same while tasks come and go."""
        worker.start_timed()
        self.load(worker, WARM_UP, 100)
        figures = {"before": worker.settled()}
        self.load(worker, self.sizes["flat"], 100)
        figures["after"] = worker.settled()
        figures["long"] = self.load(worker, self.sizes["long"], 100)
        figures["last"] = worker.settled()
        worker.end()
        return figures

    def _loadgen(self, *arguments):
        done = subprocess.run([str(LOADGEN), *map(str, arguments)], capture_output=True, text=True, timeout=900)
        if not done.stdout:
            raise RuntimeError(f"{LOADGEN} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)


def measure(plane, arguments):
    sizes = {"one": 100, "many": 1000, "flat": 2000, "long": 10000}
    if arguments.quick:
        sizes = {"one": 30, "many": 300, "flat": 300, "long": 1000}
    bench = Bench(plane, sizes)
    workers = [Porpoise(plane)] if arguments.only else [Java(plane), Porpoise(plane)]
    figures = {"machine": report.machine(plane.run), "sizes": sizes, "bare": []}
    file = bench.command_file()
    for number in range(arguments.rounds):
        plane.say(f"round {number + 1} of {arguments.rounds}")
        figures["bare"].append(bench.bare(file))
        for worker in workers:
            figures.setdefault(worker.name, []).append(bench.round(worker))
    plane.say("many tasks, one after the other")
    figures["endurance"] = bench.endurance(Porpoise(plane))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few tasks, one round: a look, not a result")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", choices=["porpoise"], help="without the Java worker")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    if reason := assembly.missing():
        sys.exit(f"the benchmark cannot run here, {reason}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that finally clauses run
    plane = ControlPlane(BUILD / "bench", sudo=False)
    try:
        plane.start_services()
        figures = measure(plane, arguments)
    finally:
        plane.stop()
    (BUILD / "bench" / "figures.json").write_text(json.dumps(figures, indent=1))
    print(report.summary(figures))
    if not arguments.quick and not arguments.only:
        (HERE / "RESULTS.md").write_text(report.page(figures))


if __name__ == "__main__":
    main()
