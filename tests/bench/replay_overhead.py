#!/usr/bin/env python3
"""How much a replay adds to the processes it starts.

Compares, in one run: `porpoise replay --parallel 2` of a workflow of trivial SHELL tasks, and as many
`posix_spawn("/bin/sh -c :")`, two at a time. Prints both times and their ratio; ends with 1 above --limit.

  replay_overhead.py [--binary build/release/bin/porpoise] [--tasks 200] [--rounds 3] [--limit 3]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make_workflow(count):
    tasks = [{"code": 1000 + number, "name": f"task {number}", "taskType": "SHELL",
              "taskParams": {"rawScript": ":", "localParams": [], "resourceList": []}} for number in range(count)]
    relations = [{"preTaskCode": 0, "postTaskCode": task["code"]} for task in tasks]
    return [{"processDefinition": {"name": "overhead", "code": 1, "globalParams": "[]"},
             "taskDefinitionList": tasks, "processTaskRelationList": relations}]


def replay_seconds(binary, file, folder, parallel):
    command = [binary, "replay", str(file), "--parallel", str(parallel), "--quiet", "--run-dir", str(folder)]
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"replay failed:\n{done.stdout[-2000:]}{done.stderr}")
    return seconds


def spawn_seconds(count, parallel):
    running = 0
    begin = time.monotonic()
    for _ in range(count):
        if running == parallel:
            os.wait()
            running -= 1
        os.posix_spawn("/bin/sh", ["sh", "-c", ":"], os.environ)
        running += 1
    for _ in range(running):
        os.wait()
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.environ.get("PORPOISE_BIN", ROOT / "build/release/bin/porpoise"))
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="the best of them counts")
    parser.add_argument("--limit", type=float, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="porpoise-overhead-") as folder:
        file = Path(folder) / "workflow.json"
        file.write_text(json.dumps(make_workflow(options.tasks)))
        replays, spawns, sequential = [], [], []
        for number in range(options.rounds):  # alternating, so that a busy machine disturbs all alike
            replays.append(replay_seconds(str(options.binary), file, Path(folder) / f"run{number}", options.parallel))
            spawns.append(spawn_seconds(options.tasks, options.parallel))
            sequential.append(spawn_seconds(options.tasks, 1))
    replay, spawn, one_by_one = min(replays), min(spawns), min(sequential)
    print(f"replay of {options.tasks} SHELL tasks, {options.parallel} at a time: {replay:.3f} s"
          f" ({1000 * replay / options.tasks:.2f} ms each)")
    print(f"posix_spawn of sh -c :, {options.parallel} at a time:        {spawn:.3f} s   ratio {replay / spawn:.2f}")
    print(f"posix_spawn of sh -c :, one at a time:      {one_by_one:.3f} s   ratio {replay / one_by_one:.2f}")
    return 0 if replay <= options.limit * one_by_one else 1


if __name__ == "__main__":
    sys.exit(main())
