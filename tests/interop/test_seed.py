"""The workflow as OpenMLDB's documentation has it: tasks that know a ZooKeeper and a path alone, CONDITIONS, and a
deployment by a script. The worker reaches the cluster by OpenMLDB's SDK.
"""

import json
import sys
import unittest

from example import Example, workflow
from scenario import ROOT

sys.path.append(str(ROOT / "tests" / "support"))

from openmldb_sdk import newest_sdk  # noqa: E402

ZK, ZK_PATH = "127.0.0.1:2181", "/openmldb"  # in the workflow
TASKS = {"create table", "load offline data", "feature extraction", "train", "validation", "switch", "deploy sql",
         "load online", "deploy model"}


class Seed(Example):
    @classmethod
    def begin(cls):
        sdk = newest_sdk()
        zookeeper = f"127.0.0.1:{cls.plane.ports['zookeeper']}"  # the cluster shares it with DolphinScheduler
        cls.begin_example(["--port", "0", "--cluster", "--zk", zookeeper, "--zk-path", "/seed"],
                          f"export PYTHONPATH={sdk}")
        text = json.dumps(workflow("build_conditions_workflow"))
        cls.run_both_branches(json.loads(text.replace(ZK, zookeeper).replace(ZK_PATH, "/seed")))

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
