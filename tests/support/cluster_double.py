#!/usr/bin/env python3
"""An OpenMLDB cluster that does what a test says: the sandbox's cluster, with faults that can be scripted.

In a test's own process it is `ClusterDouble`. For others it is a program:

    cluster_double.py [--zk HOST:PORT] [--zk-path /openmldb] [--timezone ZONE]

It ends with its standard input, and says READY and a JSON object: `zk`, `zkPath`, and `control`, a URL on loopback:

    POST /job       {"end": "FAILED", ...}   what happens to the next job: the fields of JobFault
    POST /call      {"method": "ImportOfflineData", "hold": true, ...}   to the next call: the fields of CallFault
    POST /server    {"name": "taskmanager", "state": "refusing" | "gone" | "up"}
    POST /release   {}   ends every hold, and forgets faults that nothing has met yet
    GET  /calls     {"ImportOfflineData": 2, ...}   how often each method was called

Faults wait in line; each one is met once, or `times` times, by the first job or call it fits.
Needs a Python with examples/requirements.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "plugins/openmldb/sandbox"))

from openmldb_sandbox.cluster.brpc import Answer, ConnectionCut, RpcError  # noqa: E402
from openmldb_sandbox.cluster.servers import Cluster  # noqa: E402
from openmldb_sandbox.engine import Engine  # noqa: E402
from openmldb_sandbox.jobs import Ended, JobTable  # noqa: E402
from openmldb_sandbox.zone import Zone  # noqa: E402

UP, REFUSING, GONE = "up", "refusing", "gone"  # refusing: no longer there, but still in ZooKeeper


@dataclass
class JobFault:
    """A job that ends in state `end` (FAILED, LOST, KILLED) with `log` on its standard error and without any effect;
    or, with "FLIP", is FINISHED and then FAILED half a second later. With `hold` it is RUNNING until the release."""

    end: str = ""
    log: str = "java.lang.IllegalStateException: scripted"
    hold: bool = False
    type: str = ""  # ImportOfflineData, ...; empty: any
    times: int = 1


@dataclass
class CallFault:
    """A call that fails with `error_code`; or is run, and then its connection is `cut`, or its answer held until the
    release. With `code` the method is not run, and answers with that code and `text`."""

    method: str
    error_code: int = 0
    code: int = 0
    text: str = "scripted"
    cut: bool = False
    hold: bool = False
    times: int = 1


class Faults:
    """What is to go wrong next. Any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._jobs, self._calls = [], []
        self.counts = Counter()
        self.released = threading.Event()

    def add_job(self, fault):
        with self._lock:
            self._jobs.append(fault)

    def add_call(self, fault):
        with self._lock:
            self._calls.append(fault)

    def release(self):
        with self._lock:
            self._jobs, self._calls = [], []
            self.released.set()
            self.released = threading.Event()

    def next_job(self, job_type):
        return self._next(self._jobs, lambda fault: fault.type in ("", job_type))

    def next_call(self, method):
        with self._lock:
            self.counts[method] += 1
        return self._next(self._calls, lambda fault: fault.method == method)

    def _next(self, faults, fits):
        with self._lock:
            found = next((fault for fault in faults if fits(fault)), None)
            if found is not None:
                found.times -= 1
                if found.times == 0:
                    faults.remove(found)
            return found, self.released


def scripted_jobs(faults):
    """A job table whose jobs meet `faults`."""

    class ScriptedJobs(JobTable):
        flipping: set = set()

        def submit(self, job_type, parameter, work):
            fault, released = faults.next_job(job_type)
            if fault is None:
                return super().submit(job_type, parameter, work)

            def scripted(context):
                if fault.end == "FLIP":
                    self.flipping.add(context.job.id)
                while fault.hold and not (released.wait(0.02) or context.stopping.is_set()):
                    pass
                context.check()
                if fault.end in ("", "FLIP"):
                    return work(context)
                raise Ended(fault.end, fault.log)

            return super().submit(job_type, parameter, scripted)

        def fails_after_finish(self, job):
            return job.id in self.flipping

    return ScriptedJobs


class ClusterDouble:
    """Serves from its construction to `close`; without `zk` it has a ZooKeeper of its own."""

    def __init__(self, zk="", root="/openmldb", timezone="Asia/Shanghai"):
        self.faults = Faults()
        self._folder = Path(tempfile.mkdtemp(prefix="porpoise-cluster-"))
        self.engine = Engine(self._folder, Zone(timezone), job_table=scripted_jobs(self.faults))
        self.cluster = Cluster(self.engine, zk, root=root)
        for server in self.cluster.servers.values():
            server.intercept = self._intercept
        self._states = {name: UP for name in self.cluster.servers}

    def close(self):
        self.faults.release()
        self.cluster.close()
        self.engine.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def server(self, name, state):
        """Takes a server away, or brings it back: nameserver, taskmanager or tablet."""
        self._states[name] = state
        if state == UP:
            self.cluster.servers[name].back()
        self.cluster.announce({known for known, its in self._states.items() if its != GONE})
        if state != UP:
            self.cluster.servers[name].away()

    def _intercept(self, method, run):
        fault, released = self.faults.next_call(method)
        if fault is None:
            return run()
        if fault.error_code:
            raise RpcError(fault.error_code, fault.text)
        if fault.code:
            return Answer({"code": fault.code, "msg": fault.text})
        answer = run()
        if fault.cut:
            raise ConnectionCut
        if fault.hold:
            released.wait()
        return answer


def control_server(double):
    actions = {
        "/job": lambda body: double.faults.add_job(JobFault(**body)),
        "/call": lambda body: double.faults.add_call(CallFault(**body)),
        "/server": lambda body: double.server(**body),
        "/release": lambda body: double.faults.release(),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            try:
                actions[self.path](json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}"))
            except (KeyError, TypeError, ValueError) as error:
                self.answer(400, {"error": f"{type(error).__name__}: {error}"})
            else:
                self.answer(200, {})

        def do_GET(self):
            self.answer(200, dict(double.faults.counts)) if self.path == "/calls" else self.answer(404, {})

        def answer(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zk", default="", help="a ZooKeeper that runs; default: Debian's is started")
    parser.add_argument("--zk-path", default="/openmldb")
    parser.add_argument("--timezone", default="Asia/Shanghai")
    options = parser.parse_args()
    double = ClusterDouble(options.zk, options.zk_path, options.timezone)
    control = control_server(double)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print("READY", json.dumps({
        "zk": double.cluster.zk, "zkPath": double.cluster.root, "control": f"http://127.0.0.1:{control.server_port}",
    }), flush=True)
    while os.read(0, 4096):
        pass
    double.close()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # clients may keep connections, and held calls their threads
