"""What the end-to-end tests share: the built binary, workflow files made on the fly, and a look at /proc."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
DEADLINE = 60  # seconds for one replay; sanitizers and a busy machine included


def find_binary():
    candidates = [os.environ.get("PORPOISE_BIN")] if os.environ.get("PORPOISE_BIN") else [
        ROOT / "build" / preset / "bin" / "porpoise" for preset in ("dev", "release")]
    for candidate in candidates:
        if Path(candidate).is_file():
            return str(Path(candidate).resolve())
    raise unittest.SkipTest("no porpoise binary: build one or set PORPOISE_BIN")


def find_sandbox_python():
    """A Python that can run the OpenMLDB sandbox, or a skipped test."""
    for python in (os.environ.get("PORPOISE_PYTHON"), str(ROOT / "build/python/bin/python3"), shutil.which("python3")):
        if python and subprocess.run([python, "-c", "import duckdb, sqlglot"], capture_output=True).returncode == 0:
            return python
    raise unittest.SkipTest("no Python with duckdb and sqlglot: set PORPOISE_PYTHON")


def task(name, script="", **members):
    """A SHELL task definition of an export; `members` replace or add to it."""
    definition = {"name": name, "taskType": "SHELL", "flag": "YES", "taskPriority": "MEDIUM",
                  "taskParams": {"rawScript": script or f"echo {name}", "localParams": [], "resourceList": []},
                  "failRetryTimes": 0, "failRetryInterval": 1, "timeoutFlag": "CLOSE", "timeout": 0, "delayTime": 0}
    definition.update(members)
    return definition


def workflow(tasks, edges=(), name="w", code=1000, global_params=(), **definition):
    """An exported workflow; edges are pairs of task names."""
    codes = {}
    for number, item in enumerate(tasks):
        codes[item["name"]] = item.setdefault("code", code * 1000 + number)
    later = {post for _, post in edges}
    relations = [{"preTaskCode": 0, "postTaskCode": item["code"]} for item in tasks if item["name"] not in later]
    relations += [{"preTaskCode": codes[pre], "postTaskCode": codes[post]} for pre, post in edges]
    return {"processDefinition": {"name": name, "code": code, "version": 1, "projectCode": 1,
                                  "globalParams": json.dumps(list(global_params)), **definition},
            "taskDefinitionList": tasks, "processTaskRelationList": relations, "schedule": None}


def out_param(name):
    return {"prop": name, "direct": "OUT", "type": "VARCHAR", "value": ""}


def processes_with(text):
    """Pids of living processes whose command line or environment holds `text`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
            if state != "Z" and text.encode() in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except (OSError, IndexError):
            pass
    return [pid for pid in found if pid != os.getpid()]


def wait_for(condition, what, seconds=DEADLINE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)  # between two looks, not instead of looking
    raise AssertionError(f"{what} did not happen within {seconds} s")


class ReplayCase(unittest.TestCase):
    def setUp(self):
        self.binary = find_binary()
        self.folder = Path(tempfile.mkdtemp(prefix="porpoise-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in ("NO_COLOR", "CLICOLOR_FORCE", "PYTHON_HOME")}
        self.environment.update(HOME=str(self.folder), XDG_STATE_HOME=str(self.folder / "state"), TERM="xterm")
        self.runs = 0

    def write(self, content, name="workflow.json"):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def command(self, file, *options):
        self.runs += 1
        self.run_directory = self.folder / f"run{self.runs}"
        self.summary_file = self.folder / f"summary{self.runs}.json"
        return [self.binary, "replay", str(file), "--run-dir", str(self.run_directory), "--summary",
                str(self.summary_file), *map(str, options)]

    def replay(self, content, *options, expect=0, stdin=None):
        """Runs a workflow (or a file) to its end; returns the finished process."""
        file = content if isinstance(content, (str, Path)) else self.write([content])
        done = subprocess.run(self.command(file, *options), env=self.environment, cwd=self.folder, text=True,
                              capture_output=True, timeout=DEADLINE, input=stdin)
        self.assertEqual(done.returncode, expect, f"{done.args}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, content, *options):
        process = subprocess.Popen(self.command(self.write([content]), *options), env=self.environment,
                                   cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def summary(self):
        return json.loads(self.summary_file.read_text())

    def states(self):
        return {name: entry["state"] for name, entry in self.summary()["tasks"].items()}

    def log(self, task_name):
        return (self.run_directory / "logs" / "by-name" / f"{task_name}.log").read_text()

    def interrupt(self, process, number=signal.SIGINT):
        process.send_signal(number)
        output, _ = process.communicate(timeout=DEADLINE)
        return output
