"""DolphinScheduler 3.1's REST API, as far as these tests use it."""

import json
import urllib.error
import urllib.parse
import urllib.request

from waiting import until

ENDED = {"SUCCESS", "FAILURE", "STOP", "PAUSE", "BLOCK"}
CODES_AT_ONCE = 100  # what gen-task-codes hands out at most
NEIGHBOUR = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy is asked for 127.0.0.1


class ApiError(RuntimeError):
    pass


class DsApi:
    """A logged-in administrator with one project."""

    def __init__(self, port, project="interop", tenant="root"):
        self._base = self.url = f"http://127.0.0.1:{port}/dolphinscheduler"
        self._session = None
        self._session = self.call("POST", "/login", userName="admin", userPassword="dolphinscheduler123")["sessionId"]
        self.tenant = tenant
        self.add_tenant(tenant)
        self.project = project
        self._project = f"/projects/{self.call('POST', '/projects', projectName=project, description='')['code']}"

    # --- definitions -------------------------------------------------------------------------------------------------

    def add_tenant(self, name):
        self.call("POST", "/tenants", tenantCode=name, queueId=1, description="")

    def add_environment(self, name, config):
        """The code of a new environment."""
        return self.call("POST", "/environment/create", name=name, config=config, description=name,
                         workerGroups=json.dumps(["default"]))

    def add_token(self):
        """For programs that do not log in."""
        return self.call("POST", "/access-tokens", userId=1, expireTime="2099-01-01 00:00:00")["token"]

    def definition_named(self, name):
        """The code of a workflow that somebody else has made."""
        page = self.call("GET", f"{self._project}/process-definition", searchVal=name, pageNo=1, pageSize=100)
        return next(one["code"] for one in page["totalList"] if one["name"] == name)

    def generate_codes(self, count):
        codes = []
        while len(codes) < count:
            codes += self.call("GET", f"{self._project}/task-definition/gen-task-codes",
                               genNum=min(CODES_AT_ONCE, count - len(codes)))
        return codes

    def create(self, name, tasks, edges=(), global_params=(), tenant=None):
        """Creates a workflow and brings it online; its code.

        tasks: definitions as tasks.py makes them; edges: pairs of task names. Task params may be a function of the
        codes by name, for a SWITCH names its successors by code."""
        codes = dict(zip([task["name"] for task in tasks], self.generate_codes(len(tasks))))
        definitions = [{**task, "code": codes[task["name"]], "taskParams": _params(task, codes)} for task in tasks]
        later = {after for _, after in edges}
        pairs = [(0, codes[name]) for name in codes if name not in later]
        pairs += [(codes[before], codes[after]) for before, after in edges]
        relations = [{"name": "", "preTaskCode": before, "preTaskVersion": int(before != 0), "postTaskCode": after,
                      "postTaskVersion": 1, "conditionType": "NONE", "conditionParams": {}} for before, after in pairs]
        places = [{"taskCode": code, "x": 100, "y": 100} for code in codes.values()]
        code = self.call("POST", f"{self._project}/process-definition", name=name, description="",
                         globalParams=json.dumps(list(global_params)), locations=json.dumps(places), timeout=0,
                         tenantCode=tenant or self.tenant, taskRelationJson=json.dumps(relations),
                         taskDefinitionJson=json.dumps(definitions), executionType="PARALLEL")["code"]
        self.call("POST", f"{self._project}/process-definition/{code}/release", name=name, releaseState="ONLINE")
        return code

    # --- resource centre ---------------------------------------------------------------------------------------------

    def own_files_as(self, tenant):
        """Who uploads needs a tenant, whose the files are."""
        number = next(one["id"] for one in self.call("GET", "/tenants/list") if one["tenantCode"] == tenant)
        self.call("POST", "/users/update", id=1, userName="admin", userPassword="", tenantId=number, queue="",
                  email="admin@example.org", phone="", state=1)

    def add_folder(self, name, parent=-1, inside="/"):
        return self.call("POST", "/resources/directory", type="FILE", name=name, description="", pid=parent,
                         currentDir=inside)["id"]

    def add_file(self, name, content, parent=-1, inside="/"):
        """Written in the editor of the web page; its id."""
        stem, suffix = name.rsplit(".", 1)
        self.call("POST", "/resources/online-create", type="FILE", fileName=stem, suffix=suffix, description="",
                  content=content, pid=parent, currentDir=inside)
        return self.files()[f"{inside.rstrip('/')}/{name}"]

    def files(self):
        """Full name -> id."""
        found, open_nodes = {}, self.call("GET", "/resources/list", type="FILE")
        while open_nodes:
            node = open_nodes.pop()
            found["/" + node["fullName"].lstrip("/")] = node["id"]  # the list leaves the slash out
            open_nodes += node.get("children") or []
        return found

    # --- runs --------------------------------------------------------------------------------------------------------

    def start(self, code, params=None, dry_run=False, environment=-1, schedule=None):
        """Starts a workflow; the id of the new instance. `schedule`: run it as if this moment were the planned one."""
        before = self.instances(code)
        planned = {"complementStartDate": schedule, "complementEndDate": schedule}
        self.call("POST", f"{self._project}/executors/start-process-instance", processDefinitionCode=code,
                  scheduleTime=json.dumps(planned) if schedule else "",
                  execType="COMPLEMENT_DATA" if schedule else "START_PROCESS",
                  failureStrategy="CONTINUE", warningType="NONE", warningGroupId=0, processInstancePriority="MEDIUM",
                  workerGroup="default", environmentCode=environment, dryRun=int(dry_run),
                  runMode="RUN_MODE_SERIAL", complementDependentMode="OFF_MODE",
                  startParams=json.dumps(params) if params else None)
        return until(lambda: self.instances(code) - before, f"an instance of workflow {code}", 60).pop()

    def instances(self, code):
        page = self.call("GET", f"{self._project}/process-instances", processDefineCode=code, pageNo=1, pageSize=10)
        return {instance["id"] for instance in page["totalList"]}

    def state(self, instance):
        return self.call("GET", f"{self._project}/process-instances/{instance}")["state"]

    def wait(self, instance, seconds):
        """The state in which the instance ended."""
        def ended():
            state = self.state(instance)
            return state if state in ENDED else None
        return until(ended, f"the end of workflow instance {instance}", seconds, pause=0.25)

    def tasks(self, instance):
        """The task instances that count, newest attempt of each: what the page of the workflow instance shows."""
        return self.call("GET", f"{self._project}/process-instances/{instance}/tasks")["taskList"]

    def stop(self, instance):
        self.call("POST", f"{self._project}/executors/execute", processInstanceId=instance, executeType="STOP")

    def delete(self, instance):
        self.call("DELETE", f"{self._project}/process-instances/{instance}")

    # --- logs --------------------------------------------------------------------------------------------------------

    def log_page(self, task_instance, skip, limit):
        """Lines of a task log and how many the server says they are."""
        page = self.call("GET", "/log/detail", taskInstanceId=task_instance, skipLineNum=skip, limit=limit)
        return page["message"], page["lineNum"]

    def log(self, task_instance):
        return self.log_page(task_instance, 0, 5000)[0]

    def download_log(self, task_instance):
        return self.call("GET", "/log/download-log", raw=True, taskInstanceId=task_instance)

    # --- transport ---------------------------------------------------------------------------------------------------

    def call(self, method, path, raw=False, **params):
        encoded = urllib.parse.urlencode({key: value for key, value in params.items() if value is not None})
        in_url = method in ("GET", "DELETE")
        request = urllib.request.Request(self._base + path + ("?" + encoded if in_url and encoded else ""),
                                         data=None if in_url else encoded.encode(), method=method)
        if self._session:
            request.add_header("sessionId", self._session)
        try:
            with NEIGHBOUR.open(request, timeout=60) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            raise ApiError(f"{method} {path}: HTTP {error.code} {error.read()[:500]}") from None
        if raw:
            return body
        result = json.loads(body)
        if result.get("code") != 0:
            raise ApiError(f"{method} {path}: {result.get('code')} {result.get('msg')}")
        return result.get("data")


def _params(task, codes):
    params = task["taskParams"](codes) if callable(task["taskParams"]) else task["taskParams"]
    return {"localParams": [], "resourceList": [], **params}
