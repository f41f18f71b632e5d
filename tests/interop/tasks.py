"""Task definitions as DolphinScheduler's editor saves them."""


def task(name, kind, params, delay=0, timeout=0, environment=-1):
    """`delay` and `timeout` in minutes; a timeout fails the task."""
    return {"name": name, "version": 1, "description": "", "taskType": kind, "taskParams": params, "flag": "YES",
            "taskPriority": "MEDIUM", "workerGroup": "default", "environmentCode": environment, "failRetryTimes": 0,
            "failRetryInterval": 1, "timeoutFlag": "OPEN" if timeout else "CLOSE",
            "timeoutNotifyStrategy": "FAILED" if timeout else "", "timeout": timeout, "delayTime": delay,
            "cpuQuota": -1, "memoryMax": -1, "taskGroupId": 0, "taskGroupPriority": 0, "taskExecuteType": "BATCH"}


def shell(name, script, params=(), **options):
    return task(name, "SHELL", {"rawScript": script, "localParams": list(params)}, **options)


def python(name, script, params=(), **options):
    return task(name, "PYTHON", {"rawScript": script, "localParams": list(params)}, **options)


def switch(name, branches, default):
    """branches: pairs of a condition and the name of the task that follows."""
    def params(codes):
        table = [{"condition": condition, "nextNode": codes[after]} for condition, after in branches]
        result = {"dependTaskList": table, "nextNode": codes[default]}
        return {"dependence": "", "rawScript": "", "switchResult": result}
    return task(name, "SWITCH", params)


def http(name, method, url, check="STATUS_CODE_DEFAULT", condition="", body=None, query=None, headers=None,
         **extension):
    kinds = (("PARAMETER", query), ("BODY", body), ("HEADERS", headers))
    entries = [{"prop": key, "httpParametersType": kind, "value": value}
               for kind, values in kinds for key, value in (values or {}).items()]
    return task(name, "HTTP", {"httpMethod": method, "url": url, "httpParams": entries, "httpCheckCondition": check,
                               "condition": condition, "connectTimeout": 10000, "socketTimeout": 10000, **extension})


def in_param(name, value):
    return {"prop": name, "direct": "IN", "type": "VARCHAR", "value": value}


def out_param(name, value=""):
    return {"prop": name, "direct": "OUT", "type": "VARCHAR", "value": value}
