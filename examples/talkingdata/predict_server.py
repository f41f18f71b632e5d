#!/usr/bin/env python3
"""Answer "will this click lead to an install?" from live features and a trained model.

The server asks an OpenMLDB APIServer to compute the features of the posted click (a deployment call) and lets an
XGBoost model judge them. Which deployment and which model is decided at run time by POST /update, so a workflow can
replace both without a restart.

    GET  /         who is there
    GET  /schema   the columns a click has, as the deployment declares them
    POST /update   {"endpoint", "database", "deployment", "model_path"}, any of them; {} reloads
    POST /predict  one click as a JSON object by column name
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import sys
import threading
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Sequence
from urllib.parse import quote

GREETING = "real time fe request demo\n"
PREDICTION_RULE = "---------------predict whether is attributed -------------\n"

MAX_REQUEST_BYTES = 1 << 20      # a click has seven numbers
MAX_UPSTREAM_BYTES = 16 << 20    # one row, or the schema of one deployment
UPSTREAM_TIMEOUT_S = 30
CLIENT_TIMEOUT_S = 60            # a client that stops in the middle of a request does not hold its thread for ever

# What a column holds when the click leaves it out.
MISSING_VALUES = {"string": "", "bool": False, "date": "1970-1-1"}
INTEGER_TYPES = frozenset({"int16", "int32", "int64", "timestamp"})
FLOAT_TYPES = frozenset({"float", "double"})


class ServingError(Exception):
    """A request cannot be answered; the text says why and goes to the client."""


@dataclass(frozen=True)
class Settings:
    """The part of the configuration that POST /update may change."""

    endpoint: str = "localhost:9080"
    model_path: str = "/tmp/model.json"
    database: str = "demo_db"
    deployment: str = "demo"


@dataclass(frozen=True)
class Serving:
    """One consistent set of deployment, schema and model. Replaced as a whole, never changed."""

    settings: Settings
    schema: tuple[dict[str, str], ...] = ()
    judge: Callable[[Sequence[Any]], str] | None = None


def call_deployment(settings: Settings, method: str, body: Any = None) -> dict[str, Any]:
    """Call the APIServer and return the ``data`` of its answer.

    The APIServer answers HTTP 200 whatever happened; ``code`` decides. ``http.client`` is used because it connects
    directly: the APIServer is a neighbour, not something to look for behind the environment's proxy.
    """
    path = f"/dbs/{quote(settings.database)}/deployments/{quote(settings.deployment)}"
    answer = call_apiserver(settings.endpoint, method, path, body)
    if answer.get("code") != 0:
        raise ServingError(f"APIServer {settings.endpoint}: {method} {path}: {answer.get('msg', answer)}")
    data = answer.get("data")
    if not isinstance(data, dict):
        raise ServingError(f"APIServer {settings.endpoint}: {method} {path}: the answer has no data")
    return data


def call_apiserver(endpoint: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    payload = None if body is None else json.dumps(body)
    try:
        connection = http.client.HTTPConnection(endpoint, timeout=UPSTREAM_TIMEOUT_S)
        try:
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            text = connection.getresponse().read(MAX_UPSTREAM_BYTES + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise ServingError(f"APIServer {endpoint}: {error}") from error
    if len(text) > MAX_UPSTREAM_BYTES:
        raise ServingError(f"APIServer {endpoint}: the answer is larger than {MAX_UPSTREAM_BYTES} bytes")
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise ServingError(f"APIServer {endpoint}: the answer is not JSON: {error}") from error
    if not isinstance(answer, dict):
        raise ServingError(f"APIServer {endpoint}: the answer is not a JSON object")
    return answer


def fetch_schema(settings: Settings) -> tuple[dict[str, str], ...]:
    try:
        data = call_deployment(settings, "GET")
    except ServingError:
        # A deployment made by another client a moment ago may be unknown to the APIServer until it is told to look.
        call_apiserver(settings.endpoint, "POST", "/refresh", {})
        data = call_deployment(settings, "GET")
    try:
        return tuple({"name": str(column["name"]), "type": str(column["type"])} for column in data["input_schema"])
    except (KeyError, TypeError) as error:
        raise ServingError(f"deployment {settings.deployment}: no usable input_schema") from error


def load_judge(model_path: str) -> Callable[[Sequence[Any]], str]:
    """The model as a function from a feature row to the text of its prediction.

    XGBoost is imported here, not at the top: the import takes longer than everything else a start does, and a server
    that waits for /update has no use for it yet.
    """
    try:
        import numpy
        import xgboost
    except ImportError as error:
        raise ServingError(f"cannot load models: {error}") from error
    if not os.path.isfile(model_path):
        raise ServingError(f"model {model_path}: no such file")
    try:
        model = xgboost.Booster(model_file=model_path)
    except (xgboost.core.XGBoostError, OSError, ValueError) as error:
        raise ServingError(f"model {model_path}: {first_line(error)}") from error
    model.set_param({"nthread": 1})  # one row per request: more threads only cost

    def judge(features: Sequence[Any]) -> str:
        try:
            row = [[math.nan if value is None else float(value) for value in features]]
            # Features come by position, the deployment does not name them.
            answer = model.inplace_predict(numpy.asarray(row, dtype=numpy.float32), validate_features=False)
        except (xgboost.core.XGBoostError, TypeError, ValueError) as error:
            raise ServingError(f"model {model_path}: {first_line(error)}") from error
        return str(answer[0])

    return judge


def first_line(error: Exception) -> str:
    """XGBoost appends a native stack trace to its messages."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def column_value(column: dict[str, str], click: dict[str, Any]) -> Any:
    """The click's value for a column, in the type the strict APIServer wants.

    Numbers may come as text: the key-value bodies of an HTTP task know nothing else.
    """
    kind = column["type"]
    value = click.get(column["name"], MISSING_VALUES.get(kind, 0))
    if not isinstance(value, str):
        return value
    try:
        if kind in INTEGER_TYPES:
            return int(value)
        if kind in FLOAT_TYPES:
            return float(value)
    except ValueError as error:
        raise ServingError(f"column {column['name']}: {value!r} is not of type {kind}") from error
    return value


class Predictor:
    """What is served. Reading needs no lock: requests take the current Serving once and stay with it."""

    def __init__(self, settings: Settings) -> None:
        self._serving = Serving(settings)
        self._updates = threading.Lock()

    @property
    def schema(self) -> list[dict[str, str]]:
        return list(self._serving.schema)

    def update(self, changes: dict[str, str]) -> None:
        """Load everything first, then switch. What was served stays if anything is wrong with the new."""
        with self._updates:
            settings = replace(self._serving.settings, **changes)
            self._serving = Serving(settings, fetch_schema(settings), load_judge(settings.model_path))

    def predict(self, click: dict[str, Any]) -> str:
        serving = self._serving
        if serving.judge is None:
            raise ServingError("nothing is served yet, POST /update first")
        row = [column_value(column, click) for column in serving.schema]
        data = call_deployment(serving.settings, "POST", {"input": [row]})
        try:
            (features,) = data["data"]
        except (KeyError, TypeError, ValueError) as error:
            raise ServingError("the APIServer did not answer with one row of features") from error
        prediction = serving.judge(features[1:])  # the first output column is the label
        return f"real-time feature:\n{features}\n{PREDICTION_RULE}{prediction}"


class Handler(BaseHTTPRequestHandler):
    """Routes and status codes; everything else is the Predictor's."""

    protocol_version = "HTTP/1.1"
    server_version = "predict-server"
    timeout = CLIENT_TIMEOUT_S
    server: "PredictServer"

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, GREETING)
        elif self.path == "/schema":
            self._answer(200, json.dumps(self.server.predictor.schema), "application/json")
        else:
            self._refuse_path(("/update", "/predict"))

    def do_POST(self) -> None:
        if self.path not in ("/update", "/predict"):
            self._refuse_path(("/", "/schema"))
            return
        try:
            document = self._read_object()
            if document is None:
                return
            answer = self._update(document) if self.path == "/update" else self.server.predictor.predict(document)
        except ServingError as error:
            self._answer(500, f"{error}\n")
        else:
            self._answer(200, answer)

    def _update(self, document: dict[str, Any]) -> str:
        candidates = list(asdict(Settings()))
        changes = {key: document[key] for key in candidates if key in document}
        if document and not changes:
            return f"invalid arg in {document}, valid candidates {candidates}"
        for key, value in changes.items():
            if not isinstance(value, str) or not value:
                raise ServingError(f"{key} must be a non-empty text")
        self.server.predictor.update(changes)
        return "ok\n"

    def _read_object(self) -> dict[str, Any] | None:
        """The JSON object of the request; None if the request was already refused."""
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_REQUEST_BYTES:
            self.close_connection = True  # the unread body must not be taken for the next request
            if length < 0:
                self._answer(411, "Content-Length is required\n")
            else:
                self._answer(413, f"a request has at most {MAX_REQUEST_BYTES} bytes\n")
            return None
        try:
            document = json.loads(self.rfile.read(length))
        except (ValueError, RecursionError) as error:
            raise ServingError(f"the request is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise ServingError("the request is not a JSON object")
        return document

    def _refuse_path(self, other_method: tuple[str, ...]) -> None:
        self.close_connection = True  # a body, if any, stays unread
        if self.path in other_method:
            self._answer(405, "method not allowed\n")
        else:
            self._answer(404, "no such path\n")

    def _answer(self, status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class PredictServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], predictor: Predictor) -> None:
        super().__init__(address, Handler)
        self.predictor = predictor


def stop_at_end_of_input(server: PredictServer) -> None:
    """Whoever started the server and holds the other end of its input takes it along when it ends."""
    while sys.stdin.buffer.read(4096):
        pass
    server.shutdown()


def in_background(work: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    defaults = Settings()
    parser = argparse.ArgumentParser(description="Predict installs from live OpenMLDB features.")
    parser.add_argument("-e", "--endpoint", default=defaults.endpoint, help="APIServer (default %(default)s)")
    parser.add_argument("-m", "--model_path", default=defaults.model_path, help="default %(default)s")
    parser.add_argument("-db", "--database", default=defaults.database, help="default %(default)s")
    parser.add_argument("-d", "--deployment", default=defaults.deployment, help="default %(default)s")
    parser.add_argument("--init", action=argparse.BooleanOptionalAction, default=True,
                        help="load schema and model before listening; --no-init waits for POST /update")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8881, help="port to listen on, 0 for any (default %(default)s)")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input ends")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    settings = Settings(options.endpoint, options.model_path, options.database, options.deployment)
    predictor = Predictor(settings)
    try:
        if options.init:
            predictor.update({})
        server = PredictServer((options.host, options.port), predictor)
    except (ServingError, OSError) as error:
        print(f"predict server: {error}", file=sys.stderr)
        return 1
    print(f"READY http://{options.host}:{server.server_port}", flush=True)
    if options.exit_with_stdin:
        in_background(stop_at_end_of_input, server)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
