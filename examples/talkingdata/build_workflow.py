#!/usr/bin/env python3
"""Assemble the two workflow exports from the SQL and Python sources beside this file.

Scripts inside JSON cannot be read, linted or diffed, so the files under ``sql/`` and ``tasks/`` are the originals and
``workflow.json`` and ``workflow-conditions.json`` are built from them:

    python3 build_workflow.py            # rewrite both
    python3 build_workflow.py --check    # exit 1 if a committed file is not what would be written

The result is what DolphinScheduler 3.1 exports: a JSON array with one workflow, its relations (including the root edge
from task 0) and its task definitions. Ids, codes and times are fixed, so the same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

HERE = Path(__file__).resolve().parent

PROJECT_CODE = 9_000_000_000_000
CREATED = "2026-01-05 09:00:00"
USER_ID = 1

# DolphinScheduler does not expand placeholders in these two.
ZOOKEEPER = {"zk": "127.0.0.1:2181", "zkPath": "/openmldb"}
HTTP_TIMEOUT_MS = 60_000

GLOBAL_PARAMS = {
    "data_file": "/tmp/porpoise-talkingdata/train_sample.csv",
    "feature_dir": "/tmp/porpoise-talkingdata/features",
    "model_path": "/tmp/porpoise-talkingdata/model.json",
    "min_auc": "0.7",
    "force_fail": "false",
    "predict_url": "http://127.0.0.1:8881",
    "apiserver": "127.0.0.1:9080",
}

# One click from an address the log has never seen: its three counts are 1, the click itself.
LIVE_CLICK = {
    "ip": 114904, "app": 11, "device": 1, "os": 15, "channel": 319,
    "click_time": 1509960088000, "is_attributed": 0,
}


def sql(name: str) -> str:
    """A statement file. Extraction and deployment share one SELECT: what is trained on is what is served."""
    features = (HERE / "sql" / "features.sql").read_text(encoding="utf-8").strip()
    return (HERE / "sql" / name).read_text(encoding="utf-8").replace("@features@", features).strip()


def script(*names: str) -> str:
    return "".join((HERE / "tasks" / name).read_text(encoding="utf-8") for name in names)


def variable(name: str, value: str = "", direct: str = "IN") -> dict[str, str]:
    return {"prop": name, "direct": direct, "type": "VARCHAR", "value": value}


@dataclass(frozen=True)
class Task:
    name: str
    task_type: str
    params: dict[str, Any]
    description: str
    after: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass
class Workflow:
    """Tasks in the order of their codes; ``codes`` exists before the params that refer to it."""

    name: str
    description: str
    code: int
    positions: Mapping[str, tuple[int, int]]
    tasks: list[Task] = field(default_factory=list)

    @property
    def codes(self) -> dict[str, int]:
        return {name: self.code + number for number, name in enumerate(self.positions, start=1)}


def openmldb(name: str, mode: str, file: str, description: str, after: str | None) -> Task:
    params = {**ZOOKEEPER, "executeMode": mode, "sql": sql(file)}
    return Task(name, "OPENMLDB", params, description, (after,) if after else ())


def python(name: str, source: str, description: str, after: str, outputs: tuple[str, ...] = ()) -> Task:
    return Task(name, "PYTHON", {"rawScript": source}, description, (after,), outputs)


def http_post(name: str, path: str, description: str, after: str, *, body: Mapping[str, str] | None = None,
              contains: str = "", extension: Mapping[str, str] | None = None,
              outputs: tuple[str, ...] = ()) -> Task:
    """POST that succeeds when the answer contains a text, or without one when its status is 200."""
    params = {
        "url": "${predict_url}" + path,
        "httpMethod": "POST",
        "httpParams": [
            {"prop": key, "httpParametersType": "BODY", "value": value} for key, value in (body or {}).items()
        ],
        "httpCheckCondition": "BODY_CONTAINS" if contains else "STATUS_CODE_DEFAULT",
        "condition": contains,
        "connectTimeout": HTTP_TIMEOUT_MS,
        "socketTimeout": HTTP_TIMEOUT_MS,
        **(extension or {}),
    }
    return Task(name, "HTTP", params, description, (after,), outputs)


def learning_tasks(gate: bool) -> list[Task]:
    """Everything before the branch. With ``gate`` a rejected model also fails ``validation`` itself."""
    return [
        openmldb("create table", "online", "create_table.sql", "Database, table and its indexes, unless they exist",
                 None),
        openmldb("load offline data", "offline", "load_offline_data.sql", "The click log, for training",
                 "create table"),
        openmldb("feature extraction", "offline", "feature_extraction.sql",
                 "Window features of every click, as CSV files", "load offline data"),
        python("train", script("train.py"), "Learn from 75 % of the clicks", "feature extraction"),
        python("validation", script("validation.py", *(["gate.py"] if gate else [])),
               "AUC on the other 25 %", "train", ("auc",)),
    ]


def serving_tasks() -> list[Task]:
    return [
        openmldb("deploy sql", "online", "deploy_sql.sql", "The same features, computed per request", "switch"),
        openmldb("load online", "online", "load_online.sql", "The click log, as history for live requests",
                 "deploy sql"),
    ]


def report_task() -> Task:
    return python("report", script("report.py"), "Say why nothing was deployed", "switch")


def build_switch_workflow() -> Workflow:
    """SWITCH on the measured AUC, deployment over HTTP, then one live prediction."""
    workflow = Workflow(
        "talkingdata_openmldb",
        "Click fraud detection: features by OpenMLDB, an XGBoost model, deployment only if it is good enough",
        9_000_000_000_100,
        {
            "create table": (100, 100), "load offline data": (320, 100), "feature extraction": (540, 100),
            "train": (760, 100), "validation": (980, 100), "switch": (1200, 100), "deploy sql": (100, 280),
            "load online": (320, 280), "deploy model": (540, 280), "predict": (760, 280), "report": (1200, 280),
        },
    )
    codes = workflow.codes
    branch = {
        "dependence": "",
        "rawScript": "",
        "switchResult": {
            "dependTaskList": [
                {"condition": "${force_fail} != 'true' && ${auc} >= ${min_auc}", "nextNode": codes["deploy sql"]},
            ],
            "nextNode": codes["report"],
        },
    }
    served = {
        "endpoint": "${apiserver}",
        "database": "demo_db",
        "deployment": "demo",
        "model_path": "${model_path}",
    }
    live = {"rawBody": json.dumps(LIVE_CLICK), "responseParam": "prediction"}
    workflow.tasks = [
        *learning_tasks(gate=False),
        Task("switch", "SWITCH", branch, "Good enough to serve?", ("validation",)),
        *serving_tasks(),
        http_post("deploy model", "/update", "Switch the predict server to this model and deployment", "load online",
                  body=served),
        http_post("predict", "/predict", "One live request through the whole chain", "deploy model",
                  contains="predict whether is attributed", extension=live, outputs=("prediction",)),
        report_task(),
    ]
    return workflow


def build_conditions_workflow() -> Workflow:
    """The shape of the original demo: CONDITIONS on how ``validation`` ended, deployment by a script."""
    workflow = Workflow(
        "talkingdata_openmldb_conditions",
        "Click fraud detection, branching on the success of its validation task",
        9_000_000_000_200,
        {
            "create table": (100, 100), "load offline data": (320, 100), "feature extraction": (540, 100),
            "train": (760, 100), "validation": (980, 100), "switch": (1200, 100), "deploy sql": (100, 280),
            "load online": (320, 280), "deploy model": (540, 280), "report": (1200, 280),
        },
    )
    codes = workflow.codes
    validated = {"depTaskCode": codes["validation"], "status": "SUCCESS"}
    branch = {
        "dependence": {
            "relation": "AND",
            "dependTaskList": [{"relation": "AND", "dependItemList": [validated]}],
        },
        "conditionResult": {"successNode": [codes["deploy sql"]], "failedNode": [codes["report"]]},
    }
    workflow.tasks = [
        *learning_tasks(gate=True),
        Task("switch", "CONDITIONS", branch, "Did validation succeed?", ("validation",)),
        *serving_tasks(),
        python("deploy model", script("deploy_model.py"), "Switch the predict server to this model and deployment",
               "load online"),
        report_task(),
    ]
    return workflow


def process_definition(workflow: Workflow) -> dict[str, Any]:
    locations = [
        {"taskCode": workflow.codes[name], "x": x, "y": y} for name, (x, y) in workflow.positions.items()
    ]
    params = [variable(name, value) for name, value in GLOBAL_PARAMS.items()]
    return {
        "id": 1,
        "code": workflow.code,
        "name": workflow.name,
        "version": 1,
        "releaseState": "OFFLINE",
        "projectCode": PROJECT_CODE,
        "description": workflow.description,
        "globalParams": json.dumps(params),
        "globalParamList": params,
        "globalParamMap": GLOBAL_PARAMS,
        "createTime": CREATED,
        "updateTime": CREATED,
        "flag": "YES",
        "userId": USER_ID,
        "userName": None,
        "projectName": None,
        "locations": json.dumps(locations),
        "scheduleReleaseState": None,
        "timeout": 0,
        "tenantId": -1,
        "tenantCode": None,
        "modifyBy": None,
        "warningGroupId": 0,
        "executionType": "PARALLEL",
    }


def relations(workflow: Workflow) -> list[dict[str, Any]]:
    """Every edge, the root task's included: a task without one is not part of the workflow."""
    codes = workflow.codes
    edges = [(codes[before] if before else 0, codes[task.name])
             for task in workflow.tasks for before in (task.after or (None,))]
    return [
        {
            "id": number,
            "name": "",
            "processDefinitionVersion": 1,
            "projectCode": PROJECT_CODE,
            "processDefinitionCode": workflow.code,
            "preTaskCode": before,
            "preTaskVersion": 1 if before else 0,
            "postTaskCode": after,
            "postTaskVersion": 1,
            "conditionType": "NONE",
            "conditionParams": {},
            "createTime": CREATED,
            "updateTime": CREATED,
            "operator": USER_ID,
            "operateTime": CREATED,
        }
        for number, (before, after) in enumerate(edges, start=1)
    ]


def task_definition(number: int, code: int, task: Task) -> dict[str, Any]:
    outputs = [variable(name, direct="OUT") for name in task.outputs]
    return {
        "id": number,
        "code": code,
        "name": task.name,
        "version": 1,
        "description": task.description,
        "projectCode": PROJECT_CODE,
        "userId": USER_ID,
        "taskType": task.task_type,
        "taskParams": {"localParams": outputs, "resourceList": [], **task.params},
        "taskParamList": outputs,
        "taskParamMap": {output["prop"]: output["value"] for output in outputs} or None,
        "flag": "YES",
        "taskPriority": "MEDIUM",
        "userName": None,
        "projectName": None,
        "workerGroup": "default",
        "environmentCode": -1,
        "failRetryTimes": 0,
        "failRetryInterval": 1,
        "timeoutFlag": "CLOSE",
        "timeoutNotifyStrategy": None,
        "timeout": 0,
        "delayTime": 0,
        "resourceIds": "",
        "createTime": CREATED,
        "updateTime": CREATED,
        "modifyBy": None,
        "taskGroupId": 0,
        "taskGroupPriority": 0,
        "cpuQuota": -1,
        "memoryMax": -1,
        "taskExecuteType": "BATCH",
        "operator": USER_ID,
        "operateTime": CREATED,
    }


def export(workflow: Workflow) -> str:
    document = {
        "processDefinition": process_definition(workflow),
        "processTaskRelationList": relations(workflow),
        "taskDefinitionList": [
            task_definition(number, workflow.codes[task.name], task)
            for number, task in enumerate(workflow.tasks, start=1)
        ],
        "schedule": None,
    }
    return json.dumps([document], indent=2, ensure_ascii=False) + "\n"


def build() -> dict[Path, str]:
    """What each file shall hold."""
    return {
        HERE / "workflow.json": export(build_switch_workflow()),
        HERE / "workflow-conditions.json": export(build_conditions_workflow()),
    }


def is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the workflow exports of this example.")
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if a file is out of date")
    options = parser.parse_args(arguments)
    outdated = {path: text for path, text in build().items() if not is_current(path, text)}
    for path, text in outdated.items():
        if options.check:
            print(f"{path.name} is out of date, run {Path(__file__).name}", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.name}")
    return 1 if options.check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
