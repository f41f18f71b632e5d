"""F03: plugins that crash, exit, spin or eat descriptors hurt their task alone.

tests/unit/launcher/task_fault_test.cc has every act of the fixture plugin, memory limits included; here the daemon is
looked at, and other tasks.
"""

import json
import os
import unittest
from pathlib import Path

from fault_case import FaultCase
from frames import FAILURE, SUCCESS

FOLDER = Path(os.environ.get("PORPOISE_BUILD") or "/nonexistent") / "tests" / "plugins"
ACTS = ["segv", "abort", "throw", "exit", "stack", "close low", "loop"]
SCRIPTS = {"crash": "kill -SEGV $BASHPID", "wild exit": "kill -KILL $PPID",
           "flood": "head -c 3000000 /dev/zero | tr '\\0' x; exit 3",
           "descriptors": "for i in $(seq 3 100); do eval \"exec $i>&-\"; done; exit 9", "loop": "while :; do :; done"}
LIMIT = {"taskTimeout": 3, "taskTimeoutStrategy": "FAILED"}  # what ends the endless ones


class PluginsMisbehave(FaultCase):
    flags = {"plugin_dir": FOLDER} if FOLDER.exists() else {}

    def setUp(self):
        super().setUp()
        self.gate_file, wait = self.gate()
        self.other, = self.start_tasks(1, wait)
        self.pid = self.worker.process.pid

    def tearDown(self):
        self.assertIsNone(self.worker.process.poll(), "the daemon lives")
        self.gate_file.touch()
        self.assertEqual(self.history.result(self.other.id).status, SUCCESS)
        super().tearDown()

    def test_a_plugin_takes_nothing_down_but_its_task(self):
        if not (FOLDER / "fixture.so").exists():
            self.skipTest("no fixture plugin in this build; tests/unit/launcher/task_fault_test.cc is about it")
        tasks = {act: self.task(taskType="FIXTURE", taskParams=json.dumps({"do": act, "status": 3}), **LIMIT)
                 for act in ACTS}
        self.master.dispatch(*tasks.values())
        for act, task in tasks.items():
            with self.subTest(act):
                status = self.history.result(task.id).status
                self.assertEqual(status, SUCCESS if act == "close low" else FAILURE,
                                 task.log_path(self.worker.log_dir).read_text())

    def test_parameters_that_break_the_schema_of_a_plugin_fail_by_name(self):
        """A plugin of a third party was asked to prepare with whatever came."""
        if not (FOLDER / "fixture.so").exists():
            self.skipTest("no fixture plugin in this build")
        bad = {"{}": "/do is missing", '{"do":"ok","status":"soon"}': "/status is a string and must be an integer",
               '{"do":"ok","care":{"level":"SOME"}}': '/care/level is "SOME" and must be one of LOW, HIGH'}
        for params, why in bad.items():
            with self.subTest(params):
                task, status = self.run_task(taskType="FIXTURE", taskParams=params)
                text = task.log_path(self.worker.log_dir).read_text()
                self.assertEqual(status, FAILURE, text)
                self.assertIn("the task's parameters do not fit the schema of FIXTURE: " + why, text)
        lenient = json.dumps({"do": "close low", "care": None, "more": [None]})
        self.assertEqual(self.run_task(taskType="FIXTURE", taskParams=lenient)[1], SUCCESS)

    def test_a_script_takes_nothing_down_but_its_task(self):
        tasks = {name: self.task(script, **LIMIT) for name, script in SCRIPTS.items()}
        self.master.dispatch(*tasks.values())
        for name, task in tasks.items():
            with self.subTest(name):
                self.assertEqual(self.history.result(task.id).status, FAILURE)


if __name__ == "__main__":
    unittest.main()
