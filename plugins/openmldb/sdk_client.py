"""Carries statements to an OpenMLDB cluster through its Python SDK, for porpoise's OPENMLDB plugin.

Each line of standard input is a JSON object, {"do": "execute", ...}, answered by one line of standard output, as the
APIServer would: {"code": 0, "data": ...}, or another code with the cluster's "msg". {"code": 0, "problem": {"kind",
"message"}} tells of trouble on the way to the cluster. The end of the input ends the program. Whatever the SDK prints
goes to standard error, which is the task's log. SIGTERM is ignored here, as the plugin starts it so: a cancel sends that
to all of a task's processes, but the jobs of this one must be stopped first.

Only the native half of the SDK is loaded. The rest of the package needs SQLAlchemy, whose version 2 refuses what version
1.4 took, and this half offers what DB-API hides: the mode, and whether to wait for the job, with each statement. It holds
the interpreter's lock in all its calls, so nothing else happens in this process during one: whoever waits for an answer
must be ready to end the process.
"""

import importlib.util
import json
import os
import sys
import tempfile

MAX_LINE_BYTES = 64 << 20  # a statement of 4 MiB, every character of it escaped
MAX_ANSWER_BYTES = 32 << 20  # as much as over the REST API
MAX_SDK_LOG_BYTES = 16 << 10  # what it says while it connects
SDK_PACKAGE = "openmldb"
SDK_TO_INSTALL = "openmldb==0.9.2"


class Refused(Exception):
    """The cluster, or the SDK for it, refuses a statement."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Problem(Exception):
    """Something between us and the cluster. `kind`: sdk, connect (it may go better later), path, answer or protocol."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def plain(text):
    """SWIG keeps bytes that are not UTF-8 as lone surrogates, which are no JSON."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# --- the SDK ---------------------------------------------------------------------------------------------------------


def version_of(package):
    try:
        import importlib.metadata

        return importlib.metadata.version(package)
    except Exception:  # Python 3.7, or a package without metadata
        return ""


def install_command():
    python = sys.executable or "python3"
    managed = os.path.join(os.path.dirname(os.__file__), "EXTERNALLY-MANAGED")
    if os.path.exists(managed) and sys.prefix == sys.base_prefix:  # pip refuses there (PEP 668)
        return (
            f"{python} -m venv /opt/openmldb && /opt/openmldb/bin/pip install {SDK_TO_INSTALL}"
            "   (and set PYTHON_HOME=/opt/openmldb in the task's environment)"
        )
    return f"{python} -m pip install {SDK_TO_INSTALL}"


def describe_python():
    return f"Python {sys.version.split()[0]} ({sys.executable})"


def load_sdk():
    """The module sql_router_sdk."""
    spec = importlib.util.find_spec(SDK_PACKAGE)  # does not run the package
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise Problem("sdk", f"{describe_python()} has no OpenMLDB SDK; install it with: {install_command()}")
    sys.path.insert(0, os.path.join(folders[0], "native"))
    try:
        import sql_router_sdk
    except Exception as error:
        raise Problem(
            "sdk",
            f"the OpenMLDB SDK in {folders[0]} cannot be loaded by {describe_python()}: {error}; "
            f"install it anew with: {install_command()}",
        ) from error
    return sql_router_sdk


def check(status):
    if not status.IsOK():
        raise Refused(int(status.code) or -1, plain(status.msg))


class Captured:
    """Standard error of the native half during a `with`: a failed connect says why there and nowhere else."""

    def __enter__(self):
        sys.stderr.flush()
        self.file = tempfile.TemporaryFile()
        self.saved = os.dup(2)
        os.dup2(self.file.fileno(), 2)
        return self

    def __exit__(self, *_):
        os.dup2(self.saved, 2)
        os.close(self.saved)
        self.file.seek(0)
        self.text = self.file.read(MAX_SDK_LOG_BYTES).decode("utf-8", "replace")
        self.file.close()


def why_not_connected(log, order):
    """The Problem that the SDK's log tells of. The log itself is shown only when it says something unknown."""
    cluster = f"ZooKeeper {order['zk']}"
    if "fail to init zk" in log:
        return Problem("connect", f"{cluster} cannot be reached")
    if "fail to get children from path" in log:
        path = order["zkPath"]
        return Problem("path", f"{cluster} has no OpenMLDB cluster below {path}; correct the parameter zkPath")
    if "no nameserver exists" in log:
        return Problem("connect", f"no nameserver is registered below {order['zkPath']} in {cluster}; start one")
    for line in log.splitlines():
        if "request error" in line:
            return Problem("connect", f"the nameserver does not answer: {line.split('request error. ')[-1]}")
    sys.stderr.write(log)
    sys.stderr.flush()
    return Problem("connect", "the SDK says no more than what is in the log above")


class Cluster:
    """One session with a cluster."""

    def __init__(self, sdk, order):
        self.sdk = sdk
        self.session = {}  # variables as this program has set them
        options = sdk.SQLRouterOptions()
        options.zk_cluster = order["zk"]
        options.zk_path = order["zkPath"]
        options.request_timeout = order["requestMillis"]
        options.glog_level = 1  # warnings
        options.zk_log_level = 1  # errors
        for option, key in (("user", "user"), ("password", "password"), ("zk_cert", "zkCert")):
            if order.get(key):
                setattr(options, option, order[key])
        with Captured() as log:
            self.router = sdk.NewClusterSQLRouter(options)
        if not self.router:
            raise why_not_connected(log.text, order)

    def execute(self, order):
        online, wait, millis = order["mode"] == "online", order["wait"], order["millis"]
        # Since 0.9.1 a plain SELECT follows the session instead of the call, as do offline ones in older versions.
        self.set_variable("execute_mode", "online" if online else "offline")
        self.set_variable("sync_job", "true" if wait else "false")
        self.set_variable("job_timeout", str(millis))
        status = self.sdk.Status()
        result = self.router.ExecuteSQL(order["db"], order["sql"], online, wait, millis, status)
        check(status)
        if order["sql"].lstrip()[:3].lower() == "set":
            self.session.clear()  # it may have been one of ours
        return self.table(result) if result else {"schema": [], "data": []}

    def set_variable(self, name, value):
        if self.session.get(name) == value:
            return
        status = self.sdk.Status()
        self.router.ExecuteSQL(f"SET @@{name}='{value}'", status)
        check(status)
        self.session[name] = value

    def table(self, result):
        sdk, schema = self.sdk, result.GetSchema()
        readers = {
            sdk.kTypeBool: lambda i: "true" if result.GetBoolUnsafe(i) else "false",
            sdk.kTypeInt16: lambda i: str(result.GetInt16Unsafe(i)),
            sdk.kTypeInt32: lambda i: str(result.GetInt32Unsafe(i)),
            sdk.kTypeInt64: lambda i: str(result.GetInt64Unsafe(i)),
            sdk.kTypeFloat: lambda i: f"{result.GetFloatUnsafe(i):.9g}",
            sdk.kTypeDouble: lambda i: repr(result.GetDoubleUnsafe(i)),
            sdk.kTypeString: lambda i: plain(result.GetStringUnsafe(i)),
            sdk.kTypeTimestamp: lambda i: str(result.GetTimeUnsafe(i)),
        }
        other = result.GetAsStringUnsafe  # dates
        count = schema.GetColumnCnt()
        cells = [readers.get(schema.GetColumnType(i), other) for i in range(count)]
        rows, size = [], 0
        while result.Next():
            row = [None if result.IsNULL(i) else cells[i](i) for i in range(count)]
            size += sum(len(cell) + 4 for cell in row if cell is not None)
            if size > MAX_ANSWER_BYTES:
                raise Problem("answer", f"the answer is larger than {MAX_ANSWER_BYTES >> 20} MiB; use LIMIT")
            rows.append(row)
        return {"schema": [plain(schema.GetColumnName(i)) for i in range(count)], "data": rows}

    def deployment(self, order):
        """Its text, or null; only what this session sees, which lags behind other clients."""
        status = self.sdk.Status()
        found = self.router.ShowProcedure(order["db"], order["name"], status)
        if found and status.IsOK():
            return plain(found.GetSql())
        if "not found" in status.msg or "not exist" in status.msg or status.IsOK():
            return None
        check(status)

    def databases(self, _):
        names, status = self.sdk.VectorString(), self.sdk.Status()
        self.router.ShowDB(names, status)
        check(status)
        return [plain(names[i]) for i in range(names.size())]

    def refresh(self, _):
        self.router.RefreshCatalog()


# --- the conversation ------------------------------------------------------------------------------------------------


class Client:
    def __init__(self):
        self.sdk = None
        self.cluster = None

    def do(self, order):
        what = order.get("do")
        if what in ("connect", "versions"):
            self.sdk = self.sdk or load_sdk()
            if what == "connect":
                self.cluster = Cluster(self.sdk, order)
            return {
                "sdk": version_of(SDK_PACKAGE),
                "python": sys.version.split()[0],
                "executable": sys.executable,
                "sqlalchemy": version_of("SQLAlchemy"),
            }
        if what not in ("execute", "deployment", "databases", "refresh") or self.cluster is None:
            raise Problem("protocol", f"cannot do {what} now")
        return getattr(self.cluster, what)(order)

    def answer(self, line):
        try:
            return {"code": 0, "data": self.do(json.loads(line))}
        except Refused as refusal:
            return {"code": refusal.code, "msg": str(refusal)}
        except Problem as problem:
            return {"code": 0, "problem": {"kind": problem.kind, "message": str(problem)}}
        except Exception as error:  # of the SDK or of this program: it is said, and the next request may go better
            return {"code": 0, "problem": {"kind": "sdk", "message": f"{type(error).__name__}: {error}"}}


def take_output():
    """The real standard output, for the answers alone; from now on what is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def main():
    answers = take_output()
    sys.path.pop(0)  # the task's own folder: its files are not the SDK
    client = Client()
    while True:
        line = sys.stdin.buffer.readline(MAX_LINE_BYTES)
        if not line.endswith(b"\n"):
            break
        answers.write(json.dumps(client.answer(line)).encode() + b"\n")
        answers.flush()
    os._exit(0)  # without the destructors of the SDK, which wait for ZooKeeper


if __name__ == "__main__":
    main()
