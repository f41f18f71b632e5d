"""The tablet: queries, inserts and calls of deployments."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from .. import sqltypes as T
from ..engine import MODES, Call, Engine
from ..errors import RUNTIME, SqlError, command_error
from ..show import Result
from ..store import ONLINE
from ..tables import complete_rows
from . import messages as M
from . import system_tables
from .brpc import Answer, Method
from .metadata import type_name
from .rows import decode_row, encode_row, encode_schema

SERVICE = "openmldb.api.TabletServer"

_LEADER, _NORMAL = 1, 1
_NO_FOLLOWERS = SqlError(134, "table has no follower")
_NO_TABLE = SqlError(100, "table does not exist")

# what an SDK adds to the user's text
_CONFIG = re.compile(r"\s*\bCONFIG\s*\([^()]*\)\s*;?\s*\Z", re.IGNORECASE)


def reply(error: SqlError | None = None) -> Answer:
    """The answer that only says how it went."""
    return Answer({"code": 0, "msg": "ok"} if error is None else {"code": error.code, "msg": error.message})


class Tablet:
    """All methods over one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.methods = {
            "Query": Method(M.QUERY_REQUEST, M.QUERY_REPLY, self._query),
            "Put": Method(M.PUT_REQUEST, M.REPLY, self._put),
            "GetTableStatus": Method(M.EMPTY, M.TABLE_STATUSES, self._table_status),
            "GetTableFollower": Method(M.EMPTY, M.REPLY, lambda request, attachment: reply(_NO_FOLLOWERS)),
        }

    def _query(self, request: dict[str, Any], attachment: bytes) -> Answer:
        try:
            if request["is_procedure"]:
                return _rows_answer(self._call_deployment(request["db"], request["sp_name"], attachment))
            if request["row_size"]:
                raise command_error("the sandbox computes request rows for deployments only")
            return _rows_answer(self._select(request, attachment))
        except SqlError as error:
            return reply(error)

    def _select(self, request: dict[str, Any], attachment: bytes) -> Result:
        sql = _CONFIG.sub("", request["sql"])
        system = system_tables.answer(self._engine, request["db"], sql)
        if system is not None:
            return system
        types = [type_name(number) for number in request["parameter_types"]]
        params = list(zip(types, decode_row(types, attachment))) if types else []
        result = self._engine.execute(Call(request["db"], sql, MODES["online"], 0, params))
        if result is None:
            raise command_error("the sandbox runs queries here, and no other statements")
        return result

    def _put(self, request: dict[str, Any], attachment: bytes) -> Answer:
        if request["tid"] == system_tables.GLOBAL_VARIABLES.tid:
            name, value = decode_row(system_tables.GLOBAL_VARIABLES.types, request["value"])
            self._engine.variables.set(str(name).lower(), str(value).lower(), True)
            return reply()
        # a row comes once for each partition that has one of its keys
        if all(dimension["idx"] != 0 for dimension in request["dimensions"]):
            return reply()
        table = self._engine.catalog.find_tid(request["tid"])
        if table is None:
            return reply(_NO_TABLE)
        row = decode_row(table.types, request["value"])
        try:
            self._engine.tables.insert(ONLINE, table, complete_rows(table, [], [_as_constants(row)]))
        except SqlError as error:
            return reply(error)
        return reply()

    def _table_status(self, request: dict[str, Any], attachment: bytes) -> Answer:
        catalog = self._engine.catalog
        statuses = [
            {"tid": table.tid, "pid": pid, "mode": _LEADER, "state": _NORMAL, "name": table.name}
            for db in catalog.databases() for table in catalog.tables(db) for pid in range(table.partition_num)
        ]
        return Answer({"status": statuses, "code": 0, "msg": "ok"})

    def _call_deployment(self, db: str, name: str, row: bytes) -> Result:
        deployment = self._engine.catalog.find_deployment(db, name)
        if deployment is None:
            raise SqlError(158, f"deployment {db}.{name} not found")
        compiled = self._engine.deployments.compiled(deployment)
        try:
            output = self._engine.deployments.call(compiled, decode_row(compiled.table.types, row))
        except duckdb.Error as error:
            raise SqlError(RUNTIME, f"Fail to run deployment: {str(error).splitlines()[0]}") from None
        return Result(compiled.plan.names, compiled.plan.types, [output])


def _rows_answer(result: Result) -> Answer:
    body = b"".join(encode_row(result.types, row) for row in result.rows)
    fields = {
        "code": 0, "msg": "ok", "count": len(result.rows), "byte_size": len(body),
        "schema": encode_schema(result.names, result.types), "row_slices": 1,
    }
    return Answer(fields, body)


def _as_constants(row: list[Any]) -> list[Any]:
    """Dates as the text that an INSERT has for them."""
    return [T.to_json(value) for value in row]
