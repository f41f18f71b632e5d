"""A real sandbox process per test class, and a client for it."""

from __future__ import annotations

import copy
import http.client
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PACKAGES = HERE.parent.parent / "plugins/openmldb/sandbox"
ORACLE = HERE / "oracle"
DEADLINE_S = 30.0

HAS_LIBRARIES = all(importlib.util.find_spec(name) for name in ("duckdb", "sqlglot"))

FINAL = ("FINISHED", "FAILED", "KILLED", "STOPPED")

TALKINGDATA = (
    "CREATE TABLE talkingdata(ip int, app int, device int, os int, channel int, "
    "click_time timestamp, is_attributed int)"
)


def start_process(*options: str, by_path: bool = False, environment: dict[str, str] | None = None) -> subprocess.Popen:
    """The sandbox as the C++ side starts it."""
    target = [str(PACKAGES / "openmldb_sandbox")] if by_path else ["-m", "openmldb_sandbox"]
    python_path = {"PYTHONPATH": "" if by_path else str(PACKAGES), "OPENMLDB_SANDBOX_DIRS": f"{tempfile.gettempdir()}:{ORACLE}"}
    return subprocess.Popen(
        [sys.executable, *target, *options], env={**os.environ, **python_path, **(environment or {})}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )


class Sandbox:
    """One running server."""

    def __init__(self, *options: str, **how: Any) -> None:
        self.process = start_process("--port", "0", "--exit-with-stdin", *options, **how)
        self.banner: list[str] = []
        for line in self.process.stdout:
            if line.startswith("READY "):
                self.url = line.split()[1]
                break
            self.banner.append(line)
        else:
            raise RuntimeError(f"the sandbox did not start: {self.process.stderr.read()}")
        self.port = int(self.url.rsplit(":", 1)[1])
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)

    def another_client(self) -> "Sandbox":
        """A second connection to the same server."""
        client = copy.copy(self)
        client._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        return client

    def disconnect(self) -> None:
        self._connection.close()

    def close(self) -> int:
        """Ends the server by ending its standard input; returns its exit code."""
        self.disconnect()
        if self.process.poll() is None:
            self.process.stdin.close()
        code = self.process.wait(DEADLINE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        return code

    def raw(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> tuple[int, bytes]:
        self._connection.request(method, path, body, headers or {})
        response = self._connection.getresponse()
        return response.status, response.read()

    def call(self, method: str, path: str, body: Any = None) -> dict:
        encoded = None if body is None else json.dumps(body).encode()
        status, answer = self.raw(method, path, encoded)
        assert status == 200, (status, answer)
        return json.loads(answer)

    def sql(self, text: str, mode: str = "online", db: str = "demo_db", **members: Any) -> dict:
        return self.call("POST", f"/dbs/{db}", {"mode": mode, "sql": text, **members})

    def ok(self, text: str, mode: str = "online", db: str = "demo_db", **members: Any) -> list[list]:
        """The rows of a statement that must succeed."""
        answer = self.sql(text, mode, db, **members)
        assert answer["code"] == 0, (text, answer)
        return answer["data"]["data"] if "data" in answer else []

    def job(self, text: str, mode: str = "offsync", **members: Any) -> str:
        """Runs a job statement to its end and returns the state."""
        return self.ok(text, mode, **members)[0][2]

    def log(self, job_id: int) -> str:
        return self.ok(f"SHOW JOBLOG {job_id}")[0][0]

    def wait_for(self, job_id: int, *states: str) -> str:
        """Polls a job until it is in one of the states."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            state = self.ok(f"SHOW JOB {job_id}")[0][2]
            if state in (states or FINAL):
                return state
            time.sleep(0.01)
        raise AssertionError(f"job {job_id} stayed {state}")

    def create_talkingdata(self) -> None:
        self.ok("CREATE DATABASE demo_db")
        self.ok(TALKINGDATA)


@unittest.skipUnless(HAS_LIBRARIES, "needs the Python libraries duckdb and sqlglot")
class SandboxTest(unittest.TestCase):
    """A test class with a server of its own, and a directory for its files."""

    options: tuple[str, ...] = ("--timezone", "Asia/Shanghai")
    environment: dict[str, str] = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls._temporary = tempfile.TemporaryDirectory(prefix="sandbox-test-")
        cls.addClassCleanup(cls._temporary.cleanup)
        cls.folder = Path(cls._temporary.name)
        cls.sandbox = Sandbox(*cls.options, environment=cls.environment)
        cls.addClassCleanup(cls.sandbox.close)

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def assert_error(self, answer: dict, code: int, *parts: str) -> None:
        self.assertEqual(answer["code"], code, answer)
        for part in parts:
            self.assertIn(part, answer["msg"])
