"""The module of the real SDK, answering as the file FAKE_SDK_SCRIPT says.

The file is a list of rules {"sql": prefix, ...}; the first whose prefix the statement has answers it: "rows" and
"columns" (all of them texts), or "code" and "msg", or "hang" (as native code does: holding the interpreter's lock), or
"exit" with a code, or "raise". A list "steps" of such answers gives one after the other, the last one for ever. A rule
{"connect": ...} is for connecting. Statements are written to FAKE_SDK_CALLS as "<pid> <mode> <db>: <sql>".
"""

import ctypes
import json
import os

kTypeBool, kTypeInt16, kTypeInt32, kTypeInt64, kTypeFloat, kTypeDouble, kTypeString, kTypeDate, kTypeTimestamp = range(9)
_steps = {}


def _rules():
    with open(os.environ["FAKE_SDK_SCRIPT"], encoding="utf-8") as file:
        return json.load(file)


def _note(text):
    with open(os.environ["FAKE_SDK_CALLS"], "a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {text}\n")


def _act(rule, key):
    steps = rule.get("steps")
    if steps:
        at = min(_steps.get(key, 0), len(steps) - 1)
        _steps[key] = at + 1
        rule = steps[at]
    if rule.get("hang"):
        ctypes.PyDLL(None).sleep(3600)
    if "exit" in rule:
        os._exit(rule["exit"])
    if "raise" in rule:
        raise RuntimeError(rule["raise"])
    return rule


class Status:
    def __init__(self):
        self.code, self.msg = 0, "ok"

    def IsOK(self):
        return self.code == 0


class VectorString(list):
    def size(self):
        return len(self)


class SQLRouterOptions:
    pass


class _Schema:
    def __init__(self, columns):
        self.columns = columns

    def GetColumnCnt(self):
        return len(self.columns)

    def GetColumnName(self, index):
        return self.columns[index]

    def GetColumnType(self, _):
        return kTypeString


class _Result:
    def __init__(self, rule):
        self.rows = rule["rows"]
        self.schema = _Schema(rule.get("columns") or [f"c{i}" for i in range(len(self.rows[0]) if self.rows else 0)])
        self.at = -1

    def GetSchema(self):
        return self.schema

    def Next(self):
        self.at += 1
        return self.at < len(self.rows)

    def IsNULL(self, index):
        return self.rows[self.at][index] is None

    def GetStringUnsafe(self, index):
        return str(self.rows[self.at][index])

    def __getattr__(self, name):  # readers of types that do not come here
        return None


class _Router:
    def ExecuteSQL(self, *args):
        db, sql, online = (args[0], args[1], args[2]) if len(args) > 2 else ("", args[0], True)
        status = args[-1]
        if sql.startswith("SET @@") and len(args) == 2:
            return None
        _note(f"{'online' if online else 'offline'} {db}: {sql}")
        for rule in _rules():
            if "sql" in rule and sql.startswith(rule["sql"]):
                rule = _act(rule, rule["sql"])
                status.code, status.msg = rule.get("code", 0), rule.get("msg", "ok")
                return _Result(rule) if "rows" in rule else None
        return None

    def ShowDB(self, names, _):
        names.append("demo_db")

    def ShowProcedure(self, _db, _name, status):
        status.code, status.msg = 1000, "procedure not found"

    def RefreshCatalog(self):
        return True


def NewClusterSQLRouter(options):
    _note(f"connect {options.zk_cluster}{options.zk_path}")
    for rule in _rules():
        if "connect" in rule and _act(rule["connect"], "connect").get("fails"):
            return None
    return _Router()
