"""What the scenarios of examples/ share: the workflows as their builder has them, and the servers that they talk to."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

from porpoise_worker import binary
from scenario import JAVA, ROOT, Scenario
from tasks import in_param, task
from waiting import until

EXAMPLE = ROOT / "examples" / "talkingdata"
NEEDED = "duckdb, sqlglot, kazoo, pandas, xgboost"


def interpreter():
    for python in (os.environ.get("PORPOISE_PYTHON"), ROOT / "build/python/bin/python3", shutil.which("python3")):
        if python and os.access(python, os.X_OK):
            if subprocess.run([python, "-c", f"import {NEEDED}"], capture_output=True).returncode == 0:
                return str(python)
    raise unittest.SkipTest(f"no Python with {NEEDED}: set PORPOISE_PYTHON")


def script(name):
    """A script of the example as a module of its own, for each who asks."""
    specification = importlib.util.spec_from_file_location(name, EXAMPLE / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


def workflow(build):
    """The example as its builder has it: names, params and order; the codes come from the server."""
    builder = script("build_workflow")
    document, = json.loads(builder.export(getattr(builder, build)()))
    return document


class Example(Scenario):
    @classmethod
    def begin_example(cls, sandbox_options, environment=""):
        """The data, the sandbox, the predict server; `environment`: more lines for that of the tasks."""
        if JAVA:
            raise unittest.SkipTest("the Java worker needs OpenMLDB itself, and sends no rawBody")
        python = interpreter()
        name = cls.__name__.lower()
        folder = cls.plane.run / name
        folder.mkdir()
        data = folder / "train_sample.csv"
        subprocess.run([python, EXAMPLE / "generate_data.py", data], check=True, capture_output=True)
        sandbox = cls.server(f"sandbox-{name}", [binary(), "sandbox", "--python", python, "--allow-dir", folder,
                                                  *sandbox_options])
        apiserver = sandbox.removeprefix("http://")
        cls.predict_url = cls.server(f"predict-{name}", [python, EXAMPLE / "predict_server.py", "--no-init", "--port",
                                                         "0", "--endpoint", apiserver])
        cls.values = {"data_file": data, "feature_dir": folder / "features", "model_path": folder / "model.json",
                      "predict_url": cls.predict_url, "apiserver": apiserver}
        cls.environment = cls.api.add_environment(name, f"export PYTHON_HOME={python}\n{environment}")

    @classmethod
    def server(cls, name, command):
        """Starts it, and waits for the address that it prints."""
        cls.plane.spawn(name, command)
        ready = until(lambda: re.search(r"^READY (\S+)$", cls.plane.log_file(name).read_text(), re.MULTILINE),
                      f"the start of {name}", 60)
        return ready[1]

    @classmethod
    def run_both_branches(cls, document):
        """One after the other: they have the tables in common."""
        cls.good = cls.run_example(document, force_fail="false")
        cls.good.wait(300)
        cls.bad = cls.run_example(document, force_fail="true")
        cls.bad.wait(300)

    @classmethod
    def run_example(cls, document, **values):
        names = {definition["code"]: definition["name"] for definition in document["taskDefinitionList"]}
        definitions = [task(definition["name"], definition["taskType"], renumber(definition["taskParams"], names),
                            environment=cls.environment) for definition in document["taskDefinitionList"]]
        edges = [(names[relation["preTaskCode"]], names[relation["postTaskCode"]])
                 for relation in document["processTaskRelationList"] if relation["preTaskCode"]]
        given = json.loads(document["processDefinition"]["globalParams"])
        values = {**cls.values, **values}
        params = [in_param(each["prop"], str(values.get(each["prop"], each["value"]))) for each in given]
        return cls.run_workflow(definitions, edges, params)


def renumber(params, names):
    """Params whose codes are those of the server: a function of its codes."""
    with_codes = script("import_workflow").with_codes
    return lambda codes: with_codes(params, {code: codes[name] for code, name in names.items()})
