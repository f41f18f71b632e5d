"""The exports of examples/ as people bring them to a cluster: through the server's own import, then mended and put
online by examples/talkingdata/import_workflow.py, as the example's README says.
"""

import json
import os
import subprocess
import sys
import time
import unittest

from example import EXAMPLE, Example, script
from scenario import Run

SCRIPT = EXAMPLE / "import_workflow.py"
ZK_PATH = "/imported"  # porpoise_worker.py maps it to the sandbox of this test
LEARNING = {"create table", "load offline data", "feature extraction", "train", "validation", "switch"}
DEPLOYING = {"deploy sql", "load online", "deploy model"}


class ImportedRun(Run):
    """An instance of a workflow that the server has already."""

    def __init__(self, cluster, name, code, **params):
        self.cluster, self.api, self.name, self.code = cluster, cluster.api, name, code
        self.began, self.state = time.monotonic(), None
        self.instance = self.api.start(code, params)


class Import(Example):
    @classmethod
    def begin(cls):
        cls.begin_example(["--port", cls.plane.ports["sandbox_of_imports"]])
        os.environ["no_proxy"] = "127.0.0.1"  # of the script; its servers are neighbours
        cls.token = cls.api.add_token()
        by_switch = cls.brought("workflow.json", "by-switch")
        by_conditions = cls.brought("workflow-conditions.json", "by-conditions")
        unmended = cls.imported_as_it_is("workflow.json", "unmended")
        cls.good = cls.run_imported(by_switch, force_fail="false")
        cls.bad = cls.run_imported(by_switch, force_fail="true")
        cls.good_condition = cls.run_imported(by_conditions, force_fail="false")
        cls.bad_condition = cls.run_imported(by_conditions, force_fail="true")
        cls.unmended = cls.run_imported(unmended, force_fail="false")

    @classmethod
    def options(cls, file, name):
        """As one would type them."""
        exported, = json.loads((EXAMPLE / file).read_text())
        declared = {one["prop"] for one in json.loads(exported["processDefinition"]["globalParams"])}
        options = ["--url", cls.api.url, "--token", cls.token, "--project", cls.api.project, "--tenant", cls.api.tenant,
                   "--environment", cls.__name__.lower(), "--worker-group", "default", "--zk-path", ZK_PATH,
                   "--name", name, "--online"]
        for key, value in cls.values.items():
            if key in declared:
                options += ["--set", f"{key}={value}"]
        return [*options, str(EXAMPLE / file)]

    @classmethod
    def brought(cls, file, name):
        """The code of the workflow that the script has imported, mended and put online."""
        done = subprocess.run([sys.executable, SCRIPT, *cls.options(file, name)], capture_output=True, text=True,
                              timeout=120)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        if "branches of 'switch' lead to the new codes" not in done.stdout:
            raise AssertionError("the server's import has mended the branches itself: " + done.stdout)
        return cls.api.definition_named(name)

    @classmethod
    def imported_as_it_is(cls, file, name):
        """The same with the branches left as the server's import leaves them."""
        importer = script("import_workflow")
        importer.with_codes = lambda value, codes, key=None: value
        importer.run(importer.parse(cls.options(file, name)))
        return cls.api.definition_named(name)

    @classmethod
    def run_imported(cls, code, **params):
        """One after the other: they have the tables in common."""
        run = ImportedRun(cls.cluster, "import", code, **params)
        run.wait(300)
        return run

    def test_a_good_model_is_deployed(self):
        self.assertEqual(self.good.states(), dict.fromkeys(LEARNING | DEPLOYING | {"predict"}, "SUCCESS"))
        self.assertEqual(self.good.state, "SUCCESS")

    def test_a_rejected_model_is_reported(self):
        self.assertEqual(self.bad.states(), dict.fromkeys(LEARNING | {"report"}, "SUCCESS"))
        self.assertIn("not deployed: force_fail is set", self.bad.output("report"))

    def test_conditions_lead_to_both_branches(self):
        self.assertEqual(self.good_condition.states(), dict.fromkeys(LEARNING | DEPLOYING, "SUCCESS"))
        states = self.bad_condition.states()
        self.assertEqual((states["validation"], states["report"]), ("FAILURE", "SUCCESS"))
        self.assertFalse(DEPLOYING & set(states))

    def test_unmended_the_workflow_succeeds_with_nothing_deployed(self):
        self.assertEqual(self.unmended.states(), dict.fromkeys(LEARNING, "SUCCESS"))
        self.assertEqual(self.unmended.state, "SUCCESS")


if __name__ == "__main__":
    unittest.main()
