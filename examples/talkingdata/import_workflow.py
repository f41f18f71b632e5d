#!/usr/bin/env python3
"""Import an exported workflow into a DolphinScheduler 3.1 server, and mend what its import leaves broken.

The import gives every task a new code, but leaves the old ones inside task parameters: the branches of SWITCH and
CONDITIONS, and the tasks that CONDITIONS looks at. Unmended, the workflow is SUCCESS and nothing after them has run.
This does what people else do by hand in the web page: it imports the file, points the branches at the new codes (a task
is known by its name), sets parameters, environment, worker group and tenant, and saves.

    python3 import_workflow.py --url http://ds:12345/dolphinscheduler --token TOKEN --project demo \\
        --tenant etl --environment python --worker-group porpoise --set predict_url=http://predict:8881 \\
        --zk zk1:2181,zk2:2181 --zk-path /openmldb --online workflow.json

A token is made in the web page under Security > Token Manage; DS_TOKEN is read when --token is not given. Nothing but
Python's standard library is needed.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

CODES = {"nextNode", "depTaskCode", "successNode", "failedNode"}  # parameters that name other tasks
PAGE = 100  # of a list of the server


class Refused(Exception):
    """What the server did not do, in its words."""


class Server:
    def __init__(self, url, token):
        self._url, self._token = url.rstrip("/"), token

    def call(self, method, path, **params):
        text = urllib.parse.urlencode({key: value for key, value in params.items() if value is not None})
        if method in ("GET", "DELETE"):
            return self._send(method, f"{path}?{text}" if text else path)
        return self._send(method, path, text.encode(), "application/x-www-form-urlencoded")

    def upload(self, path, name, content):
        """A form of one file, as a browser sends it."""
        mark = uuid.uuid4().hex
        head = (f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
                "Content-Type: application/json\r\n\r\n")
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        return self._send("POST", path, body, f"multipart/form-data; boundary={mark}")

    def _send(self, method, path, body=None, kind=None):
        request = urllib.request.Request(self._url + path, data=body, method=method, headers={"token": self._token})
        if kind:
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                result = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: HTTP {error.code}"
                          + ("; is the token right?" if error.code == 401 else "")) from None
        except (OSError, ValueError) as error:
            raise Refused(f"{method} {self._url}{path}: {error}") from None
        if result.get("code") != 0:
            raise Refused(f"{method} {path}: {result.get('code')} {result.get('msg')}")
        return result.get("data")


class Project:
    def __init__(self, server, name):
        found = server.call("GET", "/projects", searchVal=name, pageNo=1, pageSize=PAGE)["totalList"]
        codes = [project["code"] for project in found if project["name"] == name]
        if not codes:
            raise Refused(f"there is no project '{name}'")
        self._server, self._base = server, f"/projects/{codes[0]}/process-definition"

    def definitions(self):
        """Code -> name of every workflow."""
        found, page = {}, 1
        while True:
            answer = self._server.call("GET", self._base, searchVal="", pageNo=page, pageSize=PAGE)
            found.update((one["code"], one["name"]) for one in answer["totalList"])
            if page >= answer["totalPage"]:
                return found
            page += 1

    def import_file(self, name, content):
        """The codes of the new workflows: the answer does not say them."""
        before = self.definitions()
        self._server.upload(self._base + "/import", name, content)
        return sorted(set(self.definitions()) - set(before))

    def definition(self, code):
        return self._server.call("GET", f"{self._base}/{code}")

    def save(self, definition, name, tenant):
        head = definition["processDefinition"]
        tasks = [{**one, "taskParams": json.dumps(one["taskParams"])} for one in definition["taskDefinitionList"]]
        self._server.call("PUT", f"{self._base}/{head['code']}", name=name, description=head["description"] or "",
                          globalParams=json.dumps(head["globalParamList"]), locations=head["locations"],
                          timeout=head["timeout"], tenantCode=tenant, taskDefinitionJson=json.dumps(tasks),
                          taskRelationJson=json.dumps(definition["processTaskRelationList"]),
                          executionType=head["executionType"], releaseState="OFFLINE")

    def release(self, code, name):
        self._server.call("POST", f"{self._base}/{code}/release", name=name, releaseState="ONLINE")


def params_of(task):
    """Parameters are an object or its text, as the export or the server has it."""
    params = task["taskParams"]
    return json.loads(params) if isinstance(params, str) else params


def with_codes(value, new_codes, key=None):
    """Task parameters in which `new_codes` (old code -> new one) stand for the old ones."""
    if isinstance(value, dict):
        return {name: with_codes(each, new_codes, name) for name, each in value.items()}
    if isinstance(value, list):
        return [with_codes(each, new_codes, key) for each in value]
    if key in CODES and str(value).isdigit():
        return new_codes.get(int(value), value)
    return value


def mend(definition, exported, options):
    """Changes the definition as the server has it; says what it did."""
    new_codes_by_name = {task["name"]: task["code"] for task in definition["taskDefinitionList"]}
    new_codes = {task["code"]: new_codes_by_name[task["name"]] for task in exported["taskDefinitionList"]}
    said = []
    for task in definition["taskDefinitionList"]:
        params = params_of(task)
        mended = with_codes(params, new_codes)
        if mended != params:
            said.append(f"branches of '{task['name']}' lead to the new codes")
        for key, value in (("zk", options.zk), ("zkPath", options.zk_path)):
            if value and key in mended:
                mended[key] = value
        task["taskParams"] = mended
        if options.worker_group:
            task["workerGroup"] = options.worker_group
        if options.environment_code:
            task["environmentCode"] = options.environment_code
    wanted = dict(options.set)
    for parameter in definition["processDefinition"]["globalParamList"]:
        parameter["value"] = wanted.pop(parameter["prop"], parameter["value"])
    if wanted:
        raise Refused(f"the workflow has no global parameter {', '.join(sorted(wanted))}")
    return said


def environment_code(server, name):
    for one in server.call("GET", "/environment/query-environment-list"):
        if one["name"] == name:
            return int(one["code"])
    raise Refused(f"there is no environment '{name}'")


def assignment(text):
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=VALUE")
    return name, value


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", help="an export of 3.1: one workflow or several")
    parser.add_argument("--url", required=True, help="of the API server: http://HOST:12345/dolphinscheduler")
    parser.add_argument("--token", default=os.environ.get("DS_TOKEN"), help="default: the variable DS_TOKEN")
    parser.add_argument("--project", required=True, help="name of a project that exists")
    parser.add_argument("--tenant", required=True, help="code of the tenant whose user runs the tasks")
    parser.add_argument("--worker-group", help="of all tasks: one that has porpoise workers alone")
    parser.add_argument("--environment", help="name of an environment, for all tasks: its PYTHON_HOME counts")
    parser.add_argument("--set", type=assignment, action="append", default=[], metavar="NAME=VALUE",
                        help="a global parameter of the workflow")
    parser.add_argument("--zk", help="ZooKeeper of OpenMLDB, in place of that in the file")
    parser.add_argument("--zk-path", help="root path of OpenMLDB there")
    parser.add_argument("--name", help="of the imported workflow; default: what the server calls it")
    parser.add_argument("--online", action="store_true", help="release it, so that it can be started")
    options = parser.parse_args(arguments)
    if not options.token:
        parser.error("give --token, or set DS_TOKEN")
    return options


def run(options):
    with open(options.file, "rb") as file:
        content = file.read()
    exported = json.loads(content)
    server = Server(options.url, options.token)
    options.environment_code = environment_code(server, options.environment) if options.environment else None
    project = Project(server, options.project)
    by_tasks = {frozenset(task["name"] for task in one["taskDefinitionList"]): one for one in exported}
    if options.name and len(exported) > 1:
        raise Refused("--name is for a file of one workflow")
    for code in project.import_file(os.path.basename(options.file), content):
        definition = project.definition(code)
        name = options.name or definition["processDefinition"]["name"]
        tasks = frozenset(task["name"] for task in definition["taskDefinitionList"])
        for line in mend(definition, by_tasks[tasks], options):
            print(line)
        project.save(definition, name, options.tenant)
        if options.online:
            project.release(code, name)
        print(f"workflow '{name}' has code {code}{' and is online' if options.online else ''}")


if __name__ == "__main__":
    try:
        run(parse(sys.argv[1:]))
    except (Refused, OSError, ValueError) as problem:
        sys.exit(f"import_workflow: {problem}")
