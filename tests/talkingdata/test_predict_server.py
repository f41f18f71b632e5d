"""The predict server's contract, against a stub of the APIServer and a real model."""

from __future__ import annotations

import http.client
import json
import select
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from example import DEADLINE_S, EXAMPLE, HAS_MODEL_LIBRARIES, NEEDS_MODEL_LIBRARIES, load_module, run_script

if HAS_MODEL_LIBRARIES:
    import numpy as np
    import xgboost as xgb

predict_server = load_module("predict_server")

SCHEMA = [{"name": name, "type": "int32"} for name in ("ip", "app", "device", "os", "channel")]
SCHEMA += [{"name": "click_time", "type": "timestamp"}, {"name": "is_attributed", "type": "int32"}]
CLICK = {"ip": 114904, "app": 11, "device": 1, "os": 15, "channel": 319, "click_time": 1509960088000,
         "is_attributed": 0}
FEATURES = [0, 114904, 11, 1, 15, 319, 17, 6, 1, 1, 1]
RULE = "---------------predict whether is attributed -------------\n"


class StubApiServer(ThreadingHTTPServer):
    """Knows deployments by path, remembers calls, fails with HTTP 200 as the real one does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), StubHandler)
        self.schemas: dict[str, list[dict[str, str]]] = {"/dbs/demo_db/deployments/demo": SCHEMA}
        self.after_refresh: dict[str, list[dict[str, str]]] = {}
        self.features: list[Any] = FEATURES
        self.calls: list[tuple[str, str, Any]] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, body: Any) -> dict[str, Any]:
        self.calls.append((method, path, body))
        if path == "/refresh":
            self.schemas.update(self.after_refresh)
            return {"code": 0, "msg": "ok"}
        if path not in self.schemas:
            return {"code": -1, "msg": "deployment not found"}
        data = {"input_schema": self.schemas[path]} if method == "GET" else {"data": [self.features]}
        return {"code": 0, "msg": "ok", "data": data}

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class StubHandler(BaseHTTPRequestHandler):
    server: StubApiServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = json.dumps(self.server.answer(self.command, self.path, json.loads(body) if body else None)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


class RunningServer:
    """The predict server as a process, ended by closing its input."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(EXAMPLE / "predict_server.py"), "--port", "0", "--exit-with-stdin", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        readable, _, _ = select.select([self.process.stdout], [], [], DEADLINE_S)
        line = self.process.stdout.readline() if readable else ""
        prefix = "READY http://127.0.0.1:"
        if not line.startswith(prefix):
            self.stop()
            raise AssertionError(f"not ready: {line!r}")
        self.port = int(line[len(prefix):])

    def stop(self) -> int:
        try:
            self.process.communicate(timeout=DEADLINE_S)  # closes the input
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            text = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
            connection.request(method, path, text, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


def train_model(path: Path, label_of_app_11: int) -> None:
    """A tiny real model whose answer for the test's click is near the given label."""
    rows = np.tile(np.array(FEATURES[1:], dtype=np.float32), (40, 1))
    rows[20:, 1] = 99
    labels = np.where(rows[:, 1] == 11, label_of_app_11, 1 - label_of_app_11)
    xgb.train({"objective": "binary:logistic", "nthread": 1}, xgb.DMatrix(rows, labels), 20).save_model(path)


@unittest.skipUnless(HAS_MODEL_LIBRARIES, NEEDS_MODEL_LIBRARIES)
class Contract(unittest.TestCase):
    """One server process for all: every test brings its own stub and starts with an update."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.unlikely, cls.likely = cls.folder / "unlikely.json", cls.folder / "likely.json"
        train_model(cls.unlikely, 0)
        train_model(cls.likely, 1)
        cls.server = RunningServer("--no-init")
        cls.addClassCleanup(cls.server.stop)

    def setUp(self) -> None:
        self.stub = StubApiServer()
        self.addCleanup(self.stub.stop)

    def update(self, **changes: str) -> tuple[int, str]:
        known = {"endpoint": self.stub.endpoint, "database": "demo_db", "deployment": "demo",
                 "model_path": str(self.unlikely)}
        return self.server.call("POST", "/update", {**known, **changes})

    def predict(self, click: Any) -> tuple[int, str]:
        return self.server.call("POST", "/predict", click)

    def test_root_greets(self) -> None:
        self.assertEqual((200, "real time fe request demo\n"), self.server.call("GET", "/"))

    def test_update_makes_schema_known(self) -> None:
        self.assertEqual((200, "ok\n"), self.update())
        status, text = self.server.call("GET", "/schema")
        self.assertEqual((200, SCHEMA), (status, json.loads(text)))

    def test_predict_prints_features_and_probability(self) -> None:
        self.update()
        status, text = self.predict(CLICK)
        head, _, prediction = text.rpartition("\n")
        self.assertEqual((200, f"real-time feature:\n{FEATURES}\n{RULE}"), (status, head + "\n"))
        self.assertRegex(prediction, r"^0\.\d+$")
        self.assertLess(float(prediction), 0.5)
        self.assertEqual(("POST", "/dbs/demo_db/deployments/demo", {"input": [list(CLICK.values())]}),
                         self.stub.calls[-1])

    def test_update_switches_the_model(self) -> None:
        self.update(model_path=str(self.likely))
        self.assertGreater(float(self.predict(CLICK)[1].rpartition("\n")[2]), 0.5)

    def test_empty_update_reloads(self) -> None:
        self.update()
        self.stub.schemas["/dbs/demo_db/deployments/demo"] = SCHEMA[:5]
        self.assertEqual((200, "ok\n"), self.server.call("POST", "/update", {}))
        self.assertEqual(SCHEMA[:5], json.loads(self.server.call("GET", "/schema")[1]))

    def test_update_without_a_known_key_lists_candidates(self) -> None:
        status, text = self.server.call("POST", "/update", {"modle": "x"})
        self.assertEqual(200, status)
        self.assertRegex(text, r"^invalid arg in .*modle.*, valid candidates \[")

    def test_missing_columns_become_zero_or_empty(self) -> None:
        self.stub.schemas["/dbs/demo_db/deployments/demo"] = [*SCHEMA[:2], {"name": "city", "type": "string"}]
        self.update()
        self.assertEqual(200, self.predict({"app": 11})[0])
        self.assertEqual({"input": [[0, 11, ""]]}, self.stub.calls[-1][2])

    def test_numbers_may_come_as_text(self) -> None:
        self.update()
        self.assertEqual(200, self.predict({name: str(value) for name, value in CLICK.items()})[0])
        self.assertEqual({"input": [list(CLICK.values())]}, self.stub.calls[-1][2])

    def test_null_feature_is_a_missing_value(self) -> None:
        self.stub.features = [None, *FEATURES[1:-1], None]
        self.update()
        self.assertEqual(200, self.predict(CLICK)[0])

    def test_deployment_unknown_until_refresh_is_found(self) -> None:
        self.stub.after_refresh["/dbs/demo_db/deployments/new"] = SCHEMA
        self.assertEqual((200, "ok\n"), self.update(deployment="new"))

    def test_failed_update_says_why_and_keeps_serving(self) -> None:
        self.update()
        before = self.predict(CLICK)
        broken = self.folder / "broken.json"
        broken.write_text("{}", encoding="ascii")
        refused = {
            "deployment not found": {"deployment": "absent"},
            "no such file": {"model_path": "/nowhere/model.json"},
            f"model {broken}": {"model_path": str(broken)},
            "APIServer 127.0.0.1:1": {"endpoint": "127.0.0.1:1"},
            "database must be a non-empty text": {"database": ""},
        }
        for reason, changes in refused.items():
            with self.subTest(reason):
                status, text = self.update(**changes)
                self.assertEqual(500, status)
                self.assertIn(reason, text)
                self.assertEqual(before, self.predict(CLICK))

    def test_bad_requests_to_predict_are_500_with_a_reason(self) -> None:
        self.update()
        for body, reason in (("{", "not JSON"), ("[1]", "not a JSON object"), ("", "not JSON"),
                             ('{"ip": "many"}', "'many' is not of type int32"), ("[" * 100_000, "not JSON")):
            with self.subTest(body[:20]):
                status, text = self.predict(body)
                self.assertEqual(500, status)
                self.assertIn(reason, text)
                self.assertNotIn("predict whether", text)

    def test_upstream_error_reaches_the_client(self) -> None:
        self.update()
        self.stub.schemas.clear()
        status, text = self.predict(CLICK)
        self.assertEqual((500, True), (status, "deployment not found" in text))

    def test_other_paths_and_methods_are_refused(self) -> None:
        self.assertEqual(404, self.server.call("GET", "/absent")[0])
        self.assertEqual(405, self.server.call("GET", "/update")[0])
        self.assertEqual(405, self.server.call("POST", "/schema", {})[0])

    def test_large_request_is_refused_unread(self) -> None:
        status, _ = self.server.call("POST", "/predict", None, {"Content-Length": str(1 << 30)})
        self.assertEqual(413, status)

    def test_updates_and_predictions_do_not_mix(self) -> None:
        """Whatever is swapped meanwhile, an answer comes from one model and its own deployment."""
        self.stub.schemas["/dbs/demo_db/deployments/likely"] = SCHEMA
        self.update()
        expected = set()
        for changes in ({"deployment": "likely", "model_path": str(self.likely)}, {}):
            self.update(**changes)
            expected.add(self.predict(CLICK))
        answers: list[tuple[int, str]] = []
        callers = [threading.Thread(target=lambda: answers.extend(self.predict(CLICK) for _ in range(20)))
                   for _ in range(3)]
        for caller in callers:
            caller.start()
        for _ in range(5):
            self.assertEqual(200, self.update(deployment="likely", model_path=str(self.likely))[0])
            self.assertEqual(200, self.update()[0])
        for caller in callers:
            caller.join(DEADLINE_S)
        self.assertEqual(60, len(answers))
        self.assertLessEqual(set(answers), expected)

    def test_deploy_model_script_updates_the_server(self) -> None:
        self.stub.schemas["/dbs/demo_db/deployments/demo"] = SCHEMA
        params = {"predict_url": f"http://127.0.0.1:{self.server.port}", "apiserver": self.stub.endpoint,
                  "model_path": str(self.unlikely)}
        source = (EXAMPLE / "tasks" / "deploy_model.py").read_text(encoding="utf-8")
        self.assertEqual((0, "ok\n"), (lambda run: (run.returncode, run.stdout))(run_script(source, params)))
        del self.stub.schemas["/dbs/demo_db/deployments/demo"]
        failed = run_script(source, params)
        self.assertEqual(1, failed.returncode)
        self.assertIn("deployment not found", failed.stderr)

    def test_init_serves_from_the_start(self) -> None:
        server = RunningServer("-e", self.stub.endpoint, "-m", str(self.likely), "-db", "demo_db", "-d", "demo")
        self.addCleanup(server.stop)
        self.assertEqual(200, server.call("POST", "/predict", CLICK)[0])


class Start(unittest.TestCase):
    """What needs no model libraries."""

    def test_no_init_listens_at_once_and_ends_with_its_input(self) -> None:
        server = RunningServer("--no-init")
        self.assertEqual((200, "[]"), server.call("GET", "/schema"))
        status, text = server.call("POST", "/predict", CLICK)
        self.assertEqual((500, "nothing is served yet, POST /update first\n"), (status, text))
        self.assertEqual(0, server.stop())

    def test_model_libraries_are_not_imported_before_they_are_needed(self) -> None:
        code = ("import sys; sys.path.insert(0, sys.argv[1]); import predict_server;"
                "sys.exit('xgboost' in sys.modules or 'numpy' in sys.modules)")
        run = subprocess.run([sys.executable, "-B", "-c", code, str(EXAMPLE)], timeout=DEADLINE_S, check=False)
        self.assertEqual(0, run.returncode)

    def test_init_without_apiserver_ends_with_a_reason(self) -> None:
        command = [sys.executable, str(EXAMPLE / "predict_server.py"), "-e", "127.0.0.1:1", "--port", "0"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual((1, ""), (run.returncode, run.stdout))
        self.assertIn("APIServer 127.0.0.1:1", run.stderr)

    def test_documented_defaults(self) -> None:
        options = predict_server.parse_arguments([])
        self.assertEqual(("localhost:9080", "/tmp/model.json", "demo_db", "demo", True, 8881),
                         (options.endpoint, options.model_path, options.database, options.deployment, options.init,
                          options.port))


if __name__ == "__main__":
    unittest.main()
