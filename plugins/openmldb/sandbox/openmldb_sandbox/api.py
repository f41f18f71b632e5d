"""The APIServer's endpoints: JSON in, JSON out, and HTTP status 200 whatever happened.

`handle` never raises: an unforeseen fault becomes an answer with code -1, like any other error.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from typing import Any

import duckdb

from . import json_text
from . import sqltypes as T
from .catalog import ColumnDef, require_database
from .deploy import Compiled
from .engine import MODES, Call, Engine
from .errors import SqlError, api_error, command_error
from .store import ONLINE

DEFAULT_TIMEOUT_MS = 600_000
_INT32_MAX = (1 << 31) - 1

_SEGMENT = r"[A-Za-z0-9\-_~!$&'()*+,;=:@]+"
_PATH = re.compile(rf"(?:/{_SEGMENT})+/?", re.ASCII)
_QUERY = re.compile(r"\w+=[\w-]*(?:&\w+=[\w-]*)*", re.ASCII)

Answer = dict[str, Any]


class Api:
    """Routes calls to an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handle(self, method: str, target: str, body: bytes) -> Answer:
        """The answer to one request."""
        try:
            return {"code": 0, "msg": "ok"} | self._route(method, target, body)
        except SqlError as error:
            return {"code": error.code, "msg": error.message}
        except RecursionError:
            return {"code": -1, "msg": "request is nested too deeply"}
        except Exception as error:  # the last line of defence of the server
            traceback.print_exc(file=sys.stderr)
            return {"code": -1, "msg": f"internal error: {type(error).__name__}: {error}"}

    def _route(self, method: str, target: str, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        if not _PATH.fullmatch(path) or (query and not _QUERY.fullmatch(query)):
            raise api_error("invalid url")
        if method not in ("GET", "POST", "PUT"):
            raise api_error("unsupported method")
        segments = path.strip("/").split("/")
        for known_method, pattern, handler in _ROUTES:
            names = [segment for segment, part in zip(segments, pattern) if part is None]
            if method == known_method and len(segments) == len(pattern) and all(
                part in (None, segment) for segment, part in zip(segments, pattern)
            ):
                return handler(self, body, *names)
        raise api_error("no match method")

    def _refresh(self, body: bytes) -> Answer:
        return {}

    def _statement(self, body: bytes, db: str) -> Answer:
        request = _parse_object(body)
        result = self._engine.execute(_call(request, db))
        if result is None:
            return {}
        null_for_nan = request.get("write_nan_and_inf_null") is True
        return {"data": {
            "schema": [T.CAPITALISED[type_] for type_ in result.types],
            "data": [[T.to_json(value, null_for_nan) for value in row] for row in result.rows],
        }}

    def _databases(self, body: bytes) -> Answer:
        return {"dbs": self._engine.catalog.databases()}

    def _tables(self, body: bytes, db: str) -> Answer:
        catalog = self._engine.catalog
        require_database(catalog, db)
        return {"tables": [catalog.describe(table) for table in catalog.tables(db)]}

    def _table(self, body: bytes, db: str, name: str) -> Answer:
        catalog = self._engine.catalog
        require_database(catalog, db)
        table = catalog.find(db, name)
        if table is None:
            raise api_error("Table not found")
        return {"table": catalog.describe(table)}

    def _put(self, body: bytes, db: str, name: str) -> Answer:
        rows = _parse_object(body).get("value")
        if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], list):
            raise api_error("Invalid value in body, only support to put one row")
        table = self._engine.catalog.find(db, name)
        if table is None:
            raise command_error(f"Fail to insert: table {db}.{name} not found")
        if len(rows[0]) != len(table.columns):
            raise api_error("column size != schema size")
        row = [_put_cell(value, column) for value, column in zip(rows[0], table.columns)]
        self._engine.tables.insert(ONLINE, table, [row])
        return {}

    def _show_deployment(self, body: bytes, db: str, name: str) -> Answer:
        deployment = self._engine.catalog.find_deployment(db, name)
        if deployment is None:
            raise api_error("deployment not found")
        compiled = self._engine.deployments.compiled(deployment)
        return {"data": {
            "name": name,
            "procedure": deployment.statement,
            "input_schema": [{"name": c.name, "type": c.type} for c in compiled.table.columns],
            "input_common_cols": [],
            "output_schema": _output_schema(compiled),
            "output_common_cols": [],
            "dbs": [table.db for table in compiled.plan.tables],
            "tables": [table.name for table in compiled.plan.tables],
        }}

    def _call_deployment(self, body: bytes, db: str, name: str) -> Answer:
        try:
            request = json_text.parse(body)
        except (ValueError, RecursionError):
            raise api_error("Request body json parse failed") from None
        rows = request.get("input") if isinstance(request, dict) else None
        if not isinstance(rows, list) or not rows:
            raise api_error("Field input is invalid")
        deployment = self._engine.catalog.find_deployment(db, name)
        if deployment is None:
            raise api_error(f"{name} does not exist in {db}")
        compiled = self._engine.deployments.compiled(deployment)
        null_for_nan = request.get("write_nan_and_inf_null") is True
        # all rows are checked before the first is computed
        inputs = [self._input_row(compiled, rows, i) for i in range(len(rows))]
        answers: list[Any] = []
        for row in inputs:
            try:
                output = self._engine.deployments.call(compiled, row)
            except duckdb.Error as error:
                raise api_error(f"Fail to run deployment: {str(error).splitlines()[0]}") from None
            cells = [T.to_json(value, null_for_nan) for value in output]
            answers.append(dict(zip(compiled.plan.names, cells)) if isinstance(rows[0], dict) else cells)
        data: Answer = {"data": answers}
        if request.get("need_schema") is True:
            data["schema"] = _output_schema(compiled)
        return {"data": data}

    def _input_row(self, compiled: Compiled, rows: list[Any], i: int) -> list[Any]:
        row = rows[i]
        if not isinstance(row, (list, dict)) or isinstance(row, dict) != isinstance(rows[0], dict):
            raise api_error(f"Must be array or map, row {i}")
        if isinstance(row, list) and len(row) != len(compiled.table.columns):
            raise api_error(f"Invalid input data size in row {i}")
        try:
            return self._engine.deployments.input_row(compiled, row)
        except ValueError as error:
            style = "map" if isinstance(row, dict) else "array"
            raise api_error(
                f"Translate to request row failed in {style} row {i}, INVALID_ARGUMENT: {error}"
            ) from None

    def _procedure(self, body: bytes, db: str, name: str) -> Answer:
        raise api_error(f"{name} does not exist in {db}")

    def _show_procedure(self, body: bytes, db: str, name: str) -> Answer:
        raise api_error("procedure not found")


def _output_schema(compiled: Compiled) -> list[dict[str, str]]:
    return [{"name": n, "type": t} for n, t in zip(compiled.plan.names, compiled.plan.types)]


def _put_cell(value: Any, column: ColumnDef) -> Any:
    if column.type == T.STRING and value is not None and not isinstance(value, str):
        raise api_error(f"value is not string for col {column.name}")
    try:
        if value is None and column.not_null:
            raise ValueError("null")
        return T.from_json(value, column.type)
    except ValueError:
        shown = json_text.dump(value).decode()
        raise api_error(
            f"convertion failed on col {column.name}[{T.PROTO[column.type]}] with value {shown}"
        ) from None


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        request = json_text.parse(body)
    except (ValueError, RecursionError) as error:
        raise api_error(f"Json parse failed, {error}") from None
    if not isinstance(request, dict):
        raise api_error("Json parse failed, req is not object")
    return request


def _call(request: dict[str, Any], db: str) -> Call:
    for member in ("mode", "sql"):
        if not isinstance(request.get(member), str):
            raise api_error(f"Json parse failed, {member} parse failed")
    timeout = request.get("timeout", DEFAULT_TIMEOUT_MS)
    if not isinstance(timeout, int) or isinstance(timeout, bool) or abs(timeout) > _INT32_MAX:
        raise api_error("Json parse failed, timeout parse failed")
    params = _params(request["input"]) if "input" in request else []
    mode = MODES.get(request["mode"].lower())
    if mode is None:
        raise api_error(f"Invalid mode {request['mode']}")
    return Call(db, request["sql"], mode, max(timeout, 0), params)


def _params(given: Any) -> list[tuple[str, Any]]:
    """The `input` member as (type, value) pairs; null is not possible here."""
    schema = given.get("schema") if isinstance(given, dict) else None
    data = given.get("data") if isinstance(given, dict) else None
    if not isinstance(schema, list) or not isinstance(data, list):
        raise api_error("Json parse failed, input parse failed")
    types = []
    for spelling in schema:
        type_ = T.parse_type(spelling) if isinstance(spelling, str) else None
        if type_ is None:
            raise api_error(f"Json parse failed, invalid type {spelling}")
        types.append(type_)
    if len(data) != len(types):
        raise api_error(f"Json parse failed, data size {len(data)} != schema size {len(types)}")
    params = []
    for i, (type_, value) in enumerate(zip(types, data)):
        try:
            if value is None:
                raise ValueError("null")
            params.append((type_, T.from_json(value, type_)))
        except ValueError:
            raise api_error(f"Json parse failed, append failed on {i} type {type_}") from None
    return params


_Handler = Callable[..., Answer]

_ROUTES: list[tuple[str, tuple[str | None, ...], _Handler]] = [
    ("POST", ("refresh",), Api._refresh),
    ("GET", ("dbs",), Api._databases),
    ("POST", ("dbs", None), Api._statement),
    ("GET", ("dbs", None, "tables"), Api._tables),
    ("GET", ("dbs", None, "tables", None), Api._table),
    ("PUT", ("dbs", None, "tables", None), Api._put),
    ("GET", ("dbs", None, "deployments", None), Api._show_deployment),
    ("POST", ("dbs", None, "deployments", None), Api._call_deployment),
    ("GET", ("dbs", None, "procedures", None), Api._show_procedure),
    ("POST", ("dbs", None, "procedures", None), Api._procedure),
]
