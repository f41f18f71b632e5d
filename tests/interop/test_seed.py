"""The workflow as OpenMLDB's documentation has it: tasks that know a ZooKeeper and a path alone, CONDITIONS, and a
deployment by a script. The worker reaches the cluster by OpenMLDB's SDK.
"""

import json
import os
import unittest
from pathlib import Path

from example import Example, workflow
from scenario import ROOT

ZK, ZK_PATH = "127.0.0.1:2181", "/openmldb"  # in the workflow
SDK = "openmldb-sdk-0.9.2/lib/python3*/site-packages"
TASKS = {"create table", "load offline data", "feature extraction", "train", "validation", "switch", "deploy sql",
         "load online", "deploy model"}


class Seed(Example):
    @classmethod
    def begin(cls):
        sdk = next(Path(os.environ.get("OPENMLDB_SDKS") or ROOT / "build").glob(SDK), None)
        if not sdk:
            raise unittest.SkipTest(f"no {SDK}: ./run test makes it, OPENMLDB_SDKS names another place")
        zookeeper = f"127.0.0.1:{cls.plane.ports['zookeeper']}"  # the cluster shares it with DolphinScheduler
        cls.begin_example(["--port", "0", "--cluster", "--zk", zookeeper, "--zk-path", "/seed"],
                          f"export PYTHONPATH={sdk}")
        text = json.dumps(workflow("build_conditions_workflow"))
        document = json.loads(text.replace(ZK, zookeeper).replace(ZK_PATH, "/seed"))
        cls.good = cls.run_example(document, force_fail="false")
        cls.good.wait(300)
        cls.bad = cls.run_example(document, force_fail="true")
        cls.bad.wait(300)

    def test_a_good_model_is_deployed(self):
        self.assertEqual(self.good.states(), dict.fromkeys(TASKS, "SUCCESS"))
        self.assertEqual(self.good.state, "SUCCESS")
        self.assertIn("by its SDK", self.good.log("deploy sql"))

    def test_a_failed_validation_takes_the_other_branch(self):
        states = self.bad.states()
        self.assertEqual((states["validation"], states["report"]), ("FAILURE", "SUCCESS"))
        self.assertNotIn("deploy sql", states)


if __name__ == "__main__":
    unittest.main()
