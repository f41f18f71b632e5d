"""The TalkingData workflow of examples/, created on the server and run by the worker against the OpenMLDB sandbox."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
import urllib.request

from ds_api import NEIGHBOUR
from porpoise_worker import binary
from scenario import JAVA, ROOT, Scenario
from tasks import in_param, task
from waiting import until

EXAMPLE = ROOT / "examples" / "talkingdata"
NEEDED = "duckdb, sqlglot, pandas, xgboost"
TASKS = {"create table", "load offline data", "feature extraction", "train", "validation", "switch", "deploy sql",
         "load online", "deploy model", "predict"}
LEARNING = {"create table", "load offline data", "feature extraction", "train", "validation", "switch"}


def interpreter():
    for python in (os.environ.get("PORPOISE_PYTHON"), ROOT / "build/python/bin/python3", shutil.which("python3")):
        if python and os.access(python, os.X_OK):
            if subprocess.run([python, "-c", f"import {NEEDED}"], capture_output=True).returncode == 0:
                return str(python)
    raise unittest.SkipTest(f"no Python with {NEEDED}: set PORPOISE_PYTHON")


def workflow():
    """The example as its builder has it: names, params and order; the codes come from the server."""
    specification = importlib.util.spec_from_file_location("build_workflow", EXAMPLE / "build_workflow.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules["build_workflow"] = module  # its dataclasses look their module up
    specification.loader.exec_module(module)
    document, = json.loads(module.export(module.build_switch_workflow()))
    return document


class Demo(Scenario):
    @classmethod
    def begin(cls):
        if JAVA:
            raise unittest.SkipTest("the Java worker needs OpenMLDB itself, and sends no rawBody")
        python = interpreter()
        folder = cls.plane.run / "demo"
        folder.mkdir()
        data = folder / "train_sample.csv"
        subprocess.run([python, EXAMPLE / "generate_data.py", data], check=True, capture_output=True)
        sandbox = cls.server("sandbox", [binary(), "sandbox", "--python", python, "--port", cls.plane.ports["sandbox"]])
        apiserver = sandbox.removeprefix("http://")
        predict = cls.server("predict", [python, EXAMPLE / "predict_server.py", "--no-init", "--port", "0",
                                         "--endpoint", apiserver])
        values = {"data_file": data, "feature_dir": folder / "features", "model_path": folder / "model.json",
                  "predict_url": predict, "apiserver": apiserver}
        cls.predict_url = predict
        environment = cls.api.add_environment("demo", f"export PYTHON_HOME={python}")
        cls.good = cls.example({**values, "force_fail": "false"}, environment)
        cls.good.wait(300)
        cls.bad = cls.example({**values, "force_fail": "true"}, environment)
        cls.bad.wait(300)

    @classmethod
    def server(cls, name, command):
        """Starts it, and waits for the address that it prints."""
        cls.plane.spawn(name, command, {"PORPOISE_SANDBOX": str(ROOT / "examples" / "openmldb_sandbox")})
        ready = until(lambda: re.search(r"^READY (\S+)$", cls.plane.log_file(name).read_text(), re.MULTILINE),
                      f"the start of {name}", 60)
        return ready[1]

    @classmethod
    def example(cls, values, environment):
        document = workflow()
        names = {definition["code"]: definition["name"] for definition in document["taskDefinitionList"]}
        definitions = [task(definition["name"], definition["taskType"], renumber(definition["taskParams"], names),
                            environment=environment) for definition in document["taskDefinitionList"]]
        edges = [(names[relation["preTaskCode"]], names[relation["postTaskCode"]])
                 for relation in document["processTaskRelationList"] if relation["preTaskCode"]]
        given = json.loads(document["processDefinition"]["globalParams"])
        params = [in_param(each["prop"], str(values.get(each["prop"], each["value"]))) for each in given]
        return cls.run_workflow(definitions, edges, params)

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


def renumber(params, names):
    """Params whose codes are those of the server: a function of its codes."""
    def filled(codes):
        def walk(value, key=None):
            if isinstance(value, dict):
                return {name: walk(each, name) for name, each in value.items()}
            if isinstance(value, list):
                return [walk(each) for each in value]
            return codes[names[value]] if key == "nextNode" else value
        return walk(params)
    return filled


if __name__ == "__main__":
    unittest.main()
