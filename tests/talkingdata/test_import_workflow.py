"""The script that brings an export to a server: what it changes. tests/interop has the server itself."""

from __future__ import annotations

import json
import unittest

from example import EXAMPLE, load_module

script = load_module("import_workflow")
OPTIONS = ["--url", "http://ds", "--token", "t", "--project", "p", "--tenant", "etl"]


def as_the_server_has_it(exported: dict) -> dict:
    """New codes for the tasks, old ones in their parameters."""
    tasks = [{**task, "code": task["code"] + 1_000_000} for task in exported["taskDefinitionList"]]
    head = exported["processDefinition"]
    return {"processDefinition": {**head, "globalParamList": json.loads(head["globalParams"])},
            "taskDefinitionList": tasks, "processTaskRelationList": []}


class Mend(unittest.TestCase):
    def mended(self, file: str, *options: str) -> tuple[dict, list[str]]:
        exported, = json.loads((EXAMPLE / file).read_text(encoding="utf-8"))
        definition = as_the_server_has_it(exported)
        given = script.parse([*OPTIONS, *options, file])
        given.environment_code = 7
        return definition, script.mend(definition, exported, given)

    def test_branches_lead_to_the_new_codes(self) -> None:
        for file in ("workflow.json", "workflow-conditions.json"):
            definition, said = self.mended(file)
            self.assertEqual(said, ["branches of 'switch' lead to the new codes"])
            codes = {task["name"]: task["code"] for task in definition["taskDefinitionList"]}
            text = json.dumps(next(task["taskParams"] for task in definition["taskDefinitionList"]
                                   if task["name"] == "switch"))
            for name in ("deploy sql", "report"):
                self.assertIn(str(codes[name]), text)
                self.assertNotIn(str(codes[name] - 1_000_000), text)

    def test_what_is_given_is_set_in_all_tasks_and_parameters(self) -> None:
        definition, _ = self.mended("workflow.json", "--zk", "zk:2181", "--zk-path", "/o", "--worker-group", "w",
                                    "--set", "min_auc=0.5")
        for task in definition["taskDefinitionList"]:
            self.assertEqual((task["workerGroup"], task["environmentCode"]), ("w", 7))
            if task["taskType"] == "OPENMLDB":
                self.assertEqual((task["taskParams"]["zk"], task["taskParams"]["zkPath"]), ("zk:2181", "/o"))
        values = {one["prop"]: one["value"] for one in definition["processDefinition"]["globalParamList"]}
        self.assertEqual(values["min_auc"], "0.5")

    def test_a_parameter_that_there_is_not_is_refused_by_name(self) -> None:
        with self.assertRaisesRegex(script.Refused, "no global parameter min_auk"):
            self.mended("workflow.json", "--set", "min_auk=1")

    def test_codes_are_changed_where_they_name_tasks_alone(self) -> None:
        params = {"nextNode": "5", "successNode": [5, 6], "value": 5, "rawScript": "5", "failedNode": [""]}
        self.assertEqual(script.with_codes(params, {5: 9}),
                         {"nextNode": 9, "successNode": [9, 6], "value": 5, "rawScript": "5", "failedNode": [""]})


if __name__ == "__main__":
    unittest.main()
