"""The TalkingData workflow of examples/, created on the server and run by the worker against the OpenMLDB sandbox."""

import json
import re
import unittest
import urllib.request

from ds_api import NEIGHBOUR
from example import Example, workflow
from scenario import ROOT

TASKS = {"create table", "load offline data", "feature extraction", "train", "validation", "switch", "deploy sql",
         "load online", "deploy model", "predict"}
LEARNING = {"create table", "load offline data", "feature extraction", "train", "validation", "switch"}


class Demo(Example):
    @classmethod
    def begin(cls):
        cls.begin_example(["--port", cls.plane.ports["sandbox"]])
        cls.run_both_branches(workflow("build_switch_workflow"))

    def test_a_good_model_is_deployed(self):
        self.assertEqual(self.good.states(), dict.fromkeys(TASKS, "SUCCESS"))
        self.assertEqual(self.good.state, "SUCCESS")

    def test_a_rejected_model_is_reported(self):
        self.assertEqual(self.bad.states(), dict.fromkeys(LEARNING | {"report"}, "SUCCESS"))
        self.assertIn("not deployed: force_fail is set", self.bad.output("report"))

    def test_the_server_predicts_as_the_readme_says(self):
        readme = (ROOT / "README.md").read_text()
        click = json.loads(re.search(r"/predict -d '(\{.*?\})'", readme)[1])
        request = urllib.request.Request(self.predict_url + "/predict", json.dumps(click).encode())
        with NEIGHBOUR.open(request, timeout=60) as answer:
            text = answer.read().decode().strip()
        self.assertIn(text, readme)


if __name__ == "__main__":
    unittest.main()
