"""The committed workflows: built from their sources, consistent, and within what a stock 3.1 server accepts."""

from __future__ import annotations

import ast
import json
import unittest
from typing import Any

from example import EXAMPLE, PLACEHOLDER, expand, load_module, out_params

build_workflow = load_module("build_workflow")

DEFINITION_FIELDS = {
    "id", "code", "name", "version", "releaseState", "projectCode", "description", "globalParams", "globalParamList",
    "globalParamMap", "createTime", "updateTime", "flag", "userId", "userName", "projectName", "locations",
    "scheduleReleaseState", "timeout", "tenantId", "tenantCode", "modifyBy", "warningGroupId", "executionType",
}
RELATION_FIELDS = {
    "id", "name", "processDefinitionVersion", "projectCode", "processDefinitionCode", "preTaskCode", "preTaskVersion",
    "postTaskCode", "postTaskVersion", "conditionType", "conditionParams", "createTime", "updateTime", "operator",
    "operateTime",
}
TASK_FIELDS = {
    "id", "code", "name", "version", "description", "projectCode", "userId", "taskType", "taskParams", "taskParamList",
    "taskParamMap", "flag", "taskPriority", "userName", "projectName", "workerGroup", "environmentCode",
    "failRetryTimes", "failRetryInterval", "timeoutFlag", "timeoutNotifyStrategy", "timeout", "delayTime",
    "resourceIds", "createTime", "updateTime", "modifyBy", "taskGroupId", "taskGroupPriority", "cpuQuota", "memoryMax",
    "taskExecuteType", "operator", "operateTime",
}


class Export:
    """One exported workflow with its tasks by name and its edges by task names."""

    def __init__(self, file: str) -> None:
        (self.document,) = json.loads((EXAMPLE / file).read_text(encoding="utf-8"))
        self.definition: dict[str, Any] = self.document["processDefinition"]
        self.tasks = {task["name"]: task for task in self.document["taskDefinitionList"]}
        self.names = {task["code"]: name for name, task in self.tasks.items()}
        self.edges = {
            (self.names.get(relation["preTaskCode"]), self.names[relation["postTaskCode"]])
            for relation in self.document["processTaskRelationList"]
        }

    def params(self, task: str) -> dict[str, Any]:
        return self.tasks[task]["taskParams"]

    def of_type(self, task_type: str) -> dict[str, dict[str, Any]]:
        return {name: self.params(name) for name, task in self.tasks.items() if task["taskType"] == task_type}

    def before(self, name: str) -> set[str]:
        """All tasks that have ended when this one starts."""
        direct = {before for before, after in self.edges if after == name and before}
        return direct.union(*(self.before(task) for task in direct))

    def readable_params(self, name: str) -> set[str]:
        outputs = {output["prop"] for task in self.before(name) for output in self.params(task)["localParams"]}
        return outputs | set(self.definition["globalParamMap"])


class CommittedFiles(unittest.TestCase):
    def test_equal_what_the_builder_writes(self) -> None:
        for path, text in build_workflow.build().items():
            with self.subTest(path.name):
                self.assertEqual(text, path.read_text(encoding="utf-8"))


class EveryExport:
    """Promises both variants keep."""

    file = ""

    @classmethod
    def setUpClass(cls) -> None:
        cls.export = Export(cls.file)

    def test_has_every_field_of_a_real_export(self) -> None:
        document = self.export.document
        self.assertEqual({"processDefinition", "processTaskRelationList", "taskDefinitionList", "schedule"},
                         set(document))
        self.assertEqual(DEFINITION_FIELDS, set(document["processDefinition"]))
        for relation in document["processTaskRelationList"]:
            self.assertEqual(RELATION_FIELDS, set(relation))
        for task in document["taskDefinitionList"]:
            self.assertEqual(TASK_FIELDS, set(task))

    def test_codes_and_ids_are_unique(self) -> None:
        document = self.export.document
        codes = [task["code"] for task in document["taskDefinitionList"]] + [self.export.definition["code"]]
        self.assertEqual(len(codes), len(set(codes)))
        for part in ("processTaskRelationList", "taskDefinitionList"):
            ids = [element["id"] for element in document[part]]
            self.assertEqual(len(ids), len(set(ids)))

    def test_every_task_is_connected_and_one_is_the_root(self) -> None:
        self.assertEqual(set(self.export.tasks), {after for _, after in self.export.edges})
        self.assertEqual(["create table"], [after for before, after in self.export.edges if before is None])

    def test_locations_name_every_task(self) -> None:
        places = {place["taskCode"] for place in json.loads(self.export.definition["locations"])}
        self.assertEqual(set(self.export.names), places)

    def test_three_forms_of_the_global_params_agree(self) -> None:
        definition = self.export.definition
        self.assertEqual(definition["globalParamList"], json.loads(definition["globalParams"]))
        self.assertEqual(definition["globalParamMap"],
                         {param["prop"]: param["value"] for param in definition["globalParamList"]})

    def test_every_placeholder_has_a_value_when_its_task_starts(self) -> None:
        for name, task in self.export.tasks.items():
            with self.subTest(name):
                used = set(PLACEHOLDER.findall(json.dumps(task["taskParams"])))
                self.assertLessEqual(used, self.export.readable_params(name))

    def test_results_do_not_share_a_name_with_a_global_param(self) -> None:
        # A SWITCH of 3.1 looks at the global params first and would never see the result.
        for name in self.export.tasks:
            for output in self.export.params(name)["localParams"]:
                self.assertNotIn(output["prop"], self.export.definition["globalParamMap"])

    def test_sql_survives_the_stock_openmldb_task(self) -> None:
        # It splits at every semicolon and puts the pieces between double quotes without escaping.
        for name, params in self.export.of_type("OPENMLDB").items():
            with self.subTest(name):
                self.assertNotRegex(params["sql"], r'["\\]|--|/\*')
                for literal in params["sql"].split("'")[1::2]:
                    self.assertNotIn(";", literal)
                self.assertNotIn("@features@", params["sql"])

    def test_scripts_are_python_and_free_of_time_placeholders(self) -> None:
        for name, params in self.export.of_type("PYTHON").items():
            with self.subTest(name):
                self.assertNotIn("$[", params["rawScript"])
                ast.parse(expand(params["rawScript"], self.export.definition["globalParamMap"]))

    def test_trained_and_served_features_are_the_same_select(self) -> None:
        features = (EXAMPLE / "sql" / "features.sql").read_text(encoding="utf-8").strip()
        self.assertIn(features, self.export.params("feature extraction")["sql"])
        self.assertIn(features, self.export.params("deploy sql")["sql"])

    def test_rerun_replaces_or_skips_what_the_last_run_left(self) -> None:
        self.assertIn("TABLE IF NOT EXISTS", self.export.params("create table")["sql"])
        self.assertIn("mode='overwrite'", self.export.params("load offline data")["sql"])
        self.assertIn("mode='overwrite'", self.export.params("feature extraction")["sql"])
        self.assertIn("DEPLOY demo\n", self.export.params("deploy sql")["sql"])
        self.assertIn("put_if_absent=true", self.export.params("load online")["sql"])

    def test_both_branches_start_at_the_switch(self) -> None:
        self.assertLessEqual({("switch", "deploy sql"), ("switch", "report")}, self.export.edges)


class SwitchVariant(EveryExport, unittest.TestCase):
    file = "workflow.json"

    def test_task_types(self) -> None:
        types = {name: task["taskType"] for name, task in self.export.tasks.items()}
        self.assertEqual({
            "create table": "OPENMLDB", "load offline data": "OPENMLDB", "feature extraction": "OPENMLDB",
            "train": "PYTHON", "validation": "PYTHON", "switch": "SWITCH", "deploy sql": "OPENMLDB",
            "load online": "OPENMLDB", "deploy model": "HTTP", "predict": "HTTP", "report": "PYTHON",
        }, types)

    def test_switch_codes_resolve_to_the_branches(self) -> None:
        result = self.export.params("switch")["switchResult"]
        (branch,) = result["dependTaskList"]
        self.assertEqual("deploy sql", self.export.names[branch["nextNode"]])
        self.assertEqual("report", self.export.names[result["nextNode"]])

    def test_deploy_model_sends_what_the_predict_server_takes(self) -> None:
        params = self.export.params("deploy model")
        self.assertEqual({"endpoint", "database", "deployment", "model_path"},
                         {param["prop"] for param in params["httpParams"]})
        self.assertEqual({"BODY"}, {param["httpParametersType"] for param in params["httpParams"]})

    def test_predict_posts_one_click_and_keeps_the_answer(self) -> None:
        params = self.export.params("predict")
        self.assertEqual(319, json.loads(params["rawBody"])["channel"])
        (output,) = params["localParams"]
        self.assertEqual((params["responseParam"], "OUT"), (output["prop"], output["direct"]))


class ConditionsVariant(EveryExport, unittest.TestCase):
    file = "workflow-conditions.json"

    def test_has_the_ten_tasks_of_the_original(self) -> None:
        self.assertEqual(10, len(self.export.tasks))
        self.assertEqual("CONDITIONS", self.export.tasks["switch"]["taskType"])
        self.assertEqual("PYTHON", self.export.tasks["deploy model"]["taskType"])

    def test_condition_codes_resolve(self) -> None:
        params = self.export.params("switch")
        (group,) = params["dependence"]["dependTaskList"]
        (item,) = group["dependItemList"]
        self.assertEqual(("validation", "SUCCESS"), (self.export.names[item["depTaskCode"]], item["status"]))
        names = {branch: [self.export.names[code] for code in codes]
                 for branch, codes in params["conditionResult"].items()}
        self.assertEqual({"successNode": ["deploy sql"], "failedNode": ["report"]}, names)


class ReportedValues(unittest.TestCase):
    def test_marker_is_read_only_at_the_start_of_a_line(self) -> None:
        self.assertEqual({"auc": "0.93"}, out_params("x ${setValue(a=1)}\n${setValue(auc=0.93)}\n"))


if __name__ == "__main__":
    unittest.main()
