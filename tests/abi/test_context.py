"""context_json of real tasks, of replay and of a worker, against the published schema of porpoise.context/1."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))

from fault_case import FaultCase  # noqa: E402
from frames import SUCCESS  # noqa: E402

SCHEMA = json.loads((ROOT / "include/porpoise/context.schema.json").read_text())
PLUGINS = Path(os.environ["PORPOISE_BUILD"]) / "tests/plugins"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
NOTES = {"$schema", "$id", "$defs", "title", "description"}


def violations(schema: dict, value, at: str = "") -> list[str]:
    """By as much of JSON Schema as ours uses; a word that is not known here is an error of the test."""
    found = []
    for word, rule in schema.items():
        if word == "$ref":
            found += violations(SCHEMA["$defs"][rule.removeprefix("#/$defs/")], value, at)
        elif word == "type":
            if not isinstance(value, TYPES[rule]) or (rule == "integer" and isinstance(value, bool)):
                found.append(f"{at}: {value!r} is no {rule}")
        elif word == "const":
            found += [] if value == rule else [f"{at}: {value!r} is not {rule!r}"]
        elif word == "enum":
            found += [] if value in rule else [f"{at}: {value!r} is none of {rule}"]
        elif word == "minimum":
            found += [] if not isinstance(value, int) or value >= rule else [f"{at}: {value} < {rule}"]
        elif word == "required":
            found += [f"{at}: there is no {name}" for name in rule if name not in value]
        elif word == "properties":
            for name in rule.keys() & value.keys():
                found += violations(rule[name], value[name], f"{at}/{name}")
        elif word == "items":
            for index, item in enumerate(value):
                found += violations(rule, item, f"{at}/{index}")
        elif word == "additionalProperties":
            if rule is not True:
                for name in value.keys() - schema.get("properties", {}).keys():
                    found += violations(rule, value[name], f"{at}/{name}")
        elif word not in NOTES:
            raise AssertionError(f"the schema uses {word}, which this test does not know")
    return found


class OfReplay(unittest.TestCase):
    def test_is_of_the_schema(self):
        with tempfile.TemporaryDirectory() as folder:
            file, flow = Path(folder) / "context.json", Path(folder) / "flow.json"
            out = [{"prop": "answer", "direct": "OUT", "type": "VARCHAR", "value": ""}]
            flow.write_text(json.dumps([{
                "processDefinition": {"code": 1, "name": "flow", "globalParams": json.dumps(
                    [{"prop": "day", "direct": "IN", "type": "VARCHAR", "value": "$[yyyy]"}])},
                "processTaskRelationList": [{"preTaskCode": 0, "postTaskCode": 2}, {"preTaskCode": 2, "postTaskCode": 3}],
                "taskDefinitionList": [
                    {"code": 2, "name": "first", "taskType": "SHELL",
                     "taskParams": {"rawScript": "echo '${setValue(answer=42)}'", "localParams": out}},
                    {"code": 3, "name": "second", "taskType": "FIXTURE",
                     "taskParams": {"do": "context", "file": str(file), "localParams": []}}]}]))
            done = subprocess.run([os.environ["PORPOISE_BIN"], "replay", flow, "--plugin-dir", PLUGINS, "--run-dir",
                                   Path(folder) / "run"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            context = json.loads(file.read_text())
        self.assertEqual(violations(SCHEMA, context), [])
        self.assertEqual((context["taskName"], context["taskType"], context["attempt"]), ("second", "FIXTURE", 1))
        self.assertEqual([(one["prop"], one["value"]) for one in context["varPool"]], [("answer", "42")])
        self.assertEqual([one["prop"] for one in context["globalParams"]], ["day"])
        self.assertIn("day", context["prepareParamsMap"])

    def test_a_wrong_one_is_found(self):
        self.assertIn(": there is no taskName", violations(SCHEMA, {"schema": "porpoise.context/1"}))
        self.assertIn("/attempt: '1' is no integer", violations({"properties": SCHEMA["properties"]}, {"attempt": "1"}))
        self.assertIn("/varPool/0: there is no value",
                      violations({"properties": SCHEMA["properties"]},
                                 {"varPool": [{"prop": "a", "direct": "IN", "type": "VARCHAR"}]}))


class OfAWorker(FaultCase):
    flags = {"plugin_dir": PLUGINS}

    def test_is_of_the_schema(self):
        file = self.worker.data / "context.json"
        task = self.task(taskType="FIXTURE", taskParams=json.dumps({"do": "context", "file": str(file)}))
        self.master.dispatch(task)
        self.assertEqual(self.history.result(task.id).status, SUCCESS, task.log_path(self.worker.log_dir).read_text())
        context = json.loads(file.read_text())
        self.assertEqual(violations(SCHEMA, context), [])
        self.assertEqual((context["taskInstanceId"], context["taskType"]), (task.id, "FIXTURE"))
        self.assertEqual(context["logPath"], str(task.log_path(self.worker.log_dir)))


del FaultCase  # unittest would run it as a case of this file

if __name__ == "__main__":
    unittest.main()
