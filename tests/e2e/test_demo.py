"""The TalkingData demo, as `./run demo` plays it, and what the README shows of it."""

import json
import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from replay_case import DEADLINE, ROOT, ReplayCase, find_sandbox_python, processes_with, wait_for
from zookeeper_server import missing  # first: it finds tests/support

from openmldb_sdk import newest_sdk

EXAMPLE = ROOT / "examples" / "talkingdata"
TASKS = ["create table", "load offline data", "feature extraction", "train", "validation", "switch", "deploy sql",
         "load online", "deploy model", "predict"]


def table_of(text):
    """Name, type, state and outputs of each row; the times differ from run to run."""
    rows = re.findall(r"^(\S.*?) {2,}([A-Z]+) +(SUCCESS|SKIPPED|FAILURE) +(?:[\d.]+m?s|-) +(?:[\d.]+m?s|-) +([\d-]+) *(.*)$",
                      text, re.MULTILINE)
    return [tuple(cell.strip() for cell in row) for row in rows]


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def prediction_of(text):
    return text[text.rindex("real-time feature:"):].split("```")[0].strip()


class Demo(ReplayCase):
    def setUp(self):
        super().setUp()
        self.python = find_sandbox_python()
        if subprocess.run([self.python, "-c", "import pandas, xgboost"], capture_output=True).returncode != 0:
            self.skipTest("no Python with pandas and xgboost: set PORPOISE_PYTHON")
        self.mark = f"porpoise-e2e-mark-{self.folder.name}"
        self.environment.update(PORPOISE_BIN=self.binary, PORPOISE_PYTHON=self.python, PORPOISE_E2E_MARK=self.mark)
        self.demo = self.folder / "demo"

    def start_demo(self, *options):
        process = subprocess.Popen([str(EXAMPLE / "demo.sh"), str(self.demo), *options], env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process

    def start_demo_until(self, text):
        """The demo's process and, below it, that of replay."""
        process = self.start_demo()
        next(line for line in process.stdout if text in line)
        # A child that is about to exec still carries the command line of replay; replay itself is the oldest.
        return process, min(pid for pid in processes_with(self.mark) if b"\0replay\0" in command_line(pid))

    def play(self, *options):
        output, _ = (process := self.start_demo(*options)).communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 0, output)
        return output

    def ran(self):
        tasks = json.loads((self.demo / "summary.json").read_text())["tasks"]
        self.assertEqual({entry["state"] for entry in tasks.values()}, {"SUCCESS"})
        return set(tasks)

    def test_the_readme_shows_what_the_demo_prints(self):
        output = self.play()
        readme = (ROOT / "README.md").read_text()
        self.assertEqual(len(table_of(readme)), len(TASKS) + 1)
        self.assertEqual(table_of(output), table_of(readme))
        self.assertEqual(prediction_of(output), prediction_of(readme))
        self.assertEqual(self.ran(), set(TASKS))
        wait_for(lambda: not processes_with(self.mark), "the end of every process")

    def test_force_fail_takes_the_failure_branch(self):
        self.play("--set", "force_fail=true")
        self.assertEqual(self.ran(), {*TASKS[:6], "report"})

    def test_the_variant_with_conditions_deploys_the_same_model(self):
        output = self.play("--conditions")
        self.assertEqual(prediction_of(output), prediction_of((ROOT / "README.md").read_text()))
        self.assertEqual(self.ran(), set(TASKS) - {"predict"})

    def test_the_variant_with_conditions_reports_a_failed_validation(self):
        output = self.play("--conditions", "--set", "force_fail=true")
        tasks = json.loads((self.demo / "summary.json").read_text())["tasks"]
        self.assertEqual((tasks["validation"]["state"], tasks["switch"]["state"], tasks["report"]["state"]),
                         ("FAILURE", "FAILURE", "SUCCESS"), output)
        self.assertNotIn("deploy sql", tasks)

    def test_the_variant_with_conditions_runs_by_zookeeper_and_sdk_alone(self):
        if reason := missing():
            self.skipTest(reason)
        self.environment["PYTHONPATH"] = str(newest_sdk())
        output = self.play("--conditions", "--cluster")
        self.assertEqual(prediction_of(output), prediction_of((ROOT / "README.md").read_text()))
        self.assertEqual(self.ran(), set(TASKS) - {"predict"})
        self.assertNotIn("apiservers", (self.demo / "porpoise.yaml").read_text())

    def test_it_runs_twice_on_the_same_tables(self):
        data = self.folder / "data.csv"
        subprocess.run([self.python, str(EXAMPLE / "generate_data.py"), str(data)], check=True, capture_output=True)
        for expected in ("statement 2 of 2 done", "already deployed, unchanged"):
            self.replay(EXAMPLE / "workflow.json", "--sandbox", "--sandbox-dir", self.folder / "tables", "--python",
                        self.python, "--set", f"data_file={data}", "--set", f"feature_dir={self.folder / 'features'}",
                        "--set", f"model_path={self.folder / 'model.json'}", "--set",
                        "predict_url=http://127.0.0.1:1", expect=1)  # no predict server here
            self.assertEqual({name: state for name, state in self.states().items() if state != "SUCCESS"},
                             {"deploy model": "FAILURE"})
            self.assertIn(expected, self.log("deploy sql"))

    def test_an_interrupt_in_the_middle_leaves_nothing(self):
        process, replay = self.start_demo_until("train: started")
        os.kill(replay, signal.SIGINT)
        output, _ = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 130, output)
        wait_for(lambda: not processes_with(self.mark), "the end of every process")

    def test_kill_9_in_the_middle_leaves_nothing(self):
        process, replay = self.start_demo_until("train: started")
        os.kill(replay, signal.SIGKILL)
        process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 137)
        wait_for(lambda: not processes_with(self.mark), "the end of every process")


if __name__ == "__main__":
    unittest.main()
