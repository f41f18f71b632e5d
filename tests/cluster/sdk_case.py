"""A cluster double for each test class, and the real SDKs in processes of their own environments."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests" / "support"))

SQLALCHEMY = {"1.4": "1.4.50", "2.0": "2.0.27"}
# as PyPI's metadata pairs them, and the other way round
SDKS_AS_INSTALLED = [("0.8.5", "1.4"), ("0.9.2", "2.0")]
EVERY_VARIANT = [*SDKS_AS_INSTALLED, ("0.8.5", "2.0"), ("0.9.2", "1.4")]
DEADLINE_S = 60.0
FINAL = ("FINISHED", "FAILED", "KILLED", "LOST", "STOPPED")

from debian_zookeeper import missing as missing_zookeeper  # noqa: E402
from openmldb_sdk import SDKS  # noqa: E402

HAS_LIBRARIES = all(importlib.util.find_spec(name) for name in ("duckdb", "sqlglot", "kazoo"))
if HAS_LIBRARIES:
    from cluster_double import CallFault, ClusterDouble, JobFault
else:
    CallFault = ClusterDouble = JobFault = None

CREATE = ("CREATE TABLE IF NOT EXISTS talkingdata(ip int, app int, device int, os int, channel int, "
          "click_time timestamp, is_attributed int)")
FEATURES = """select is_attributed, ip, app, hour(click_time) as hour, count(channel) over w1 as qty
 from demo_db.talkingdata
 window w1 as (partition by ip order by click_time ROWS_RANGE BETWEEN 1h PRECEDING AND CURRENT ROW)"""
CLICKS = """ip,app,device,os,channel,click_time,is_attributed
1,10,1,13,379,2017-11-07 09:30:38,0
1,11,1,13,379,2017-11-07 09:40:38,1
2,10,1,13,379,2017-11-07 13:40:27,0
"""


def missing(sdk, sqlalchemy):
    """Why a variant cannot be tested here; empty when it can."""
    for folder in (SDKS / f"openmldb-sdk-{sdk}", SDKS / f"sqlalchemy-{SQLALCHEMY[sqlalchemy]}"):
        if not (folder / "complete").exists():
            return f"no {folder}: `./run test` makes it"
    return missing_cluster()


def missing_cluster():
    """Why there can be no cluster here; empty when there can."""
    return missing_zookeeper() if HAS_LIBRARIES else "no duckdb, sqlglot and kazoo (examples/requirements.txt)"


class StatementError(Exception):
    """What the SDK raised, as text."""


class SdkClient:
    """A process with one connection to the cluster, which it knows as the stock task does: by address and path."""

    def __init__(self, sdk, sqlalchemy, log):
        environment = {**os.environ, "PYTHONPATH": str(SDKS / f"sqlalchemy-{SQLALCHEMY[sqlalchemy]}")}
        self._sqlalchemy = sqlalchemy
        self._log = open(log, "ab")
        self._process = subprocess.Popen(
            [SDKS / f"openmldb-sdk-{sdk}" / "bin" / "python3", HERE / "sdk_client.py"], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)

    def close(self):
        self._process.stdin.close()
        self._process.wait(DEADLINE_S)
        self._process.stdout.close()
        self._log.close()

    def connect(self, zk, root):
        answer = self._ask(connect=f"openmldb:///?zk={zk}&zkPath={root}")
        assert answer["sqlalchemy"].startswith(self._sqlalchemy), answer

    def sql(self, text):
        """The rows of a statement, None where it has none; StatementError when it fails."""
        return self._ask(sql=text)["rows"]

    def columns(self, text):
        return self._ask(sql=text)["columns"]

    def call(self, deployment, row):
        return self._ask(call=deployment, row=row)["rows"]

    def begin(self, text):
        """Sends a statement without waiting; `answer` gets what becomes of it."""
        self._process.stdin.write(json.dumps({"sql": text}) + "\n")
        self._process.stdin.flush()

    def answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise StatementError(f"the SDK's process ended with {self._process.wait(DEADLINE_S)}")
        answer = json.loads(line)
        if "error" in answer:
            raise StatementError(answer["error"])
        return answer

    def _ask(self, **request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self.answer()


class SdkCase(unittest.TestCase):
    """Tests of one variant of the SDK against one double."""

    variant = ("", "")

    @classmethod
    def setUpClass(cls):
        if reason := missing(*cls.variant):
            raise unittest.SkipTest(reason)
        temporary = tempfile.TemporaryDirectory(prefix="porpoise-cluster-test-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        cls.double = ClusterDouble()
        cls.addClassCleanup(cls.double.close)
        cls.clicks = cls.folder / "clicks.csv"
        cls.clicks.write_text(CLICKS)

    def setUp(self):
        self.addCleanup(self.double.faults.release)

    def client(self, connect=True):
        client = SdkClient(*self.variant, self.folder / "sdk.log")
        self.addCleanup(client.close)
        if connect:
            client.connect(self.double.cluster.zk, self.double.cluster.root)
        return client

    def demo_client(self, *settings):
        """A client in a database that has the demo's table."""
        client = self.client()
        for text in ("CREATE DATABASE IF NOT EXISTS demo_db", "USE demo_db", CREATE,
                     *(f"SET @@{setting}" for setting in settings)):
            client.sql(text)
        return client

    def load(self, mode="append"):
        return f"LOAD DATA INFILE 'file://{self.clicks}' INTO TABLE talkingdata OPTIONS(mode='{mode}')"

    def fails(self, client, text, *parts):
        with self.assertRaises(StatementError) as caught:
            client.sql(text)
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def until(self, found, what):
        """What `found` returns, once it is true."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if result := found():
                return result
            time.sleep(0.02)
        self.fail(f"waited in vain for {what}")

    def job_state(self, client, job_id, *states):
        """The job's state, once it is one of these (or final)."""
        def state():
            now = client.sql(f"SHOW JOB {job_id}")[0][2]
            return now if now in (states or FINAL) else ""
        return self.until(state, f"job {job_id} to be {states or 'final'}")


def for_each(variants, module):
    """Decorates a class of tests: the module gets a class of it for each SDK and SQLAlchemy."""
    def decorate(tests):
        for sdk, sqlalchemy in variants:
            name = f"{tests.__name__}_{sdk}_sqlalchemy_{sqlalchemy}".replace(".", "_")
            members = {"variant": (sdk, sqlalchemy), "__module__": module["__name__"]}
            module[name] = type(name, (tests, SdkCase), members)
        return None
    return decorate
